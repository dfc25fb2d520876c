// Package sops opens files that SOPS has encrypted, in process, with age and OpenPGP
// keys. Files are opened as they are read, so that all of a build sees plain text:
// manifests, what a kustomization names (resources, patches, the files of generators)
// and the values of a chart.
//
// It reads the format (https://github.com/getsops/sops, as of version 3.13) itself:
// that project's own library brings the clients of six clouds along, and runs gpg.
// Every value is authenticated together with its place in the file, and the whole by
// the file's MAC; a file that was changed since it was encrypted isn't used. Keys of
// cloud services, groups of keys (Shamir's secret sharing) and rules by comments are
// refused by name.
//
// No error tells a value that was decrypted.
package sops
