//go:build tools

// Package gitea pins the Gitea server that the tests run, and nothing else.
package gitea

import _ "code.gitea.io/gitea"
