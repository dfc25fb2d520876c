// Package gitlabtest is a forge for tests: an http.Handler that answers as GitLab's
// REST documentation says, as far as package gitlab asks, backed by real bare Git
// repositories on disk, with Git over smart HTTP.
//
// It needs git 2.38 or newer in the PATH. Merge requests, issues, notes and statuses
// live in memory and go with the server. It has no pages for people, and no runners:
// pipelines consist of reported statuses alone. Quick actions in texts are carried out
// as far as tests want to see that they aren't: the lines go, and /close closes.
//
// What it answers is held, field by field, to what is known of GitLab; testdata tells from where.
//
//	/api/v4/...             the REST API
//	/GROUP/.../PROJECT.git  Git over smart HTTP
package gitlabtest
