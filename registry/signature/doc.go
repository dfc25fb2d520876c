// Package signature answers one question: has somebody whom we trust signed
// this image? It reads what `cosign sign` leaves in a registry, in both of its
// formats, and checks it with sigstore-go:
//
//	bundle        a sigstore bundle (version 0.3) that refers to the image as an
//	              OCI referrer: a statement that the image is signed, or a
//	              signature over the image's manifest
//	signature tag the tag sha256-<hex>.sig, with a layer a signature
//
// A signature counts when it was made by one of the Keys of a Requirement, or
// by one of its Identities ("keyless": a short-lived certificate of a CA that
// the trust root names, logged and timestamped by services that it names). Each
// is about one digest, which stands in what was signed; whatever else lies
// beside an image, attestations among it, isn't a signature of it.
//
// Everything fails closed: what can't be read, is too large, or can't be
// checked to the end, doesn't count, and where the registry couldn't be asked
// the answer is an error and not "not signed". Nothing but the given Source is
// asked. In particular no trust root is fetched and no log is looked up: keys
// and trust root are given, and signatures carry the rest with them.
package signature
