// Package signature_test verifies what the real cosign signs: each kind of key,
// both formats, and attestations, which aren't signatures. Keyless signing needs
// services on the network and is tested beside registry/signature.
package signature_test
