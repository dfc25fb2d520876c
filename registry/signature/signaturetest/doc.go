// Package signaturetest signs images as cosign does, for tests: a Sigstore is a
// set of services of its own (certificate authority, certificate transparency
// log, transparency log, timestamp authority) with real keys, whose trust root
// it writes out, and a Signer signs with a key or with a certificate of it.
// Nothing is faked but the services' honesty: times are what a test says.
package signaturetest
