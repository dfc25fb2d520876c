// Package forgetest is a forge for tests and demonstrations: an http.Handler
// that answers as GitHub's REST documentation says, backed by real bare Git
// repositories on disk, with Git over smart HTTP, webhooks, and a page for each
// pull request. It also holds the suite that every implementation of forge.Forge
// passes (Conformance).
//
// It needs git 2.38 or newer in the PATH. Pull requests, comments and statuses
// live in memory and go with the server. It is no place for anything that must
// be kept from others: tokens are compared with a list given in the
// configuration, and the pages with their merge button are served to this
// machine alone, to anyone on it.
//
// Where things are:
//
//	/api/v3/...  and  /...       the REST API
//	/OWNER/REPO.git              Git over smart HTTP
//	/OWNER/REPO                  pull requests and recent commits, for people
//	/OWNER/REPO/pull/N           one pull request with its diff and merge button
package forgetest
