//go:build tools

// Package cosign pins the program that signs images for the tests, and nothing else.
package cosign

import _ "github.com/sigstore/cosign/v3/cmd/cosign"
