//go:build tools

// Package distribution pins the CNCF registry that the tests run, and nothing else.
package distribution

import _ "github.com/distribution/distribution/v3/cmd/registry"
