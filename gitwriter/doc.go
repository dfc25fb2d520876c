// Package gitwriter brings one update into one repository: it commits the edited
// files on top of the base branch, pushes, and proposes the branch as a pull request.
//
// All state is in Git and at the forge. What an update is stands in its key, a digest
// over the set of changes, in the commit's trailers and, hidden, in the pull request's
// body. So a writer that was killed after any step, or that runs twice, finds out how
// far things are and does what is left: there is never a second pull request for the
// same set, and one that a person closed is not opened again.
//
// A branch is only ever moved from where it was seen, and never where its head is
// somebody else's commit. The package decides nothing about versions and edits no
// bytes: Update.Rewrite does.
package gitwriter
