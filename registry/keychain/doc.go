// Package keychain finds the credentials of registries: the ones that were given
// for single hosts, the ones that docker's configuration holds, and the identity
// that a cloud gives to whatever runs in it. A Keychain is go-containerregistry's
// authn.Keychain over an order of Sources:
//
//	a host's own source      alone: when it fails, or has nothing, that is an error
//	the other hosts' sources in their order; none of them has to have something
//	nobody                   the registry is asked anonymously
//
// A credential is matched to the host that it was given for, port included, and to
// no other. Credentials are looked up when they are sent, and sources keep what is
// costly to get, so that a changed file or Secret is used without a restart; what a
// registry refused is looked up anew the next time.
//
// The package runs no programs but the credential helpers that a docker
// configuration names (AWS's own library runs the credential_process of an AWS
// configuration file, where there is one).
package keychain
