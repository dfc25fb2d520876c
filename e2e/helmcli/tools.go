//go:build tools

// Package helmcli pins the program whose renders ours are compared with, and nothing else.
package helmcli

import _ "helm.sh/helm/v4/cmd/helm"
