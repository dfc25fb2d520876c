// Package refcache keeps on disk what was found in files, by their content, so that a
// program that starts again needn't read and parse them again.
//
// It is a cache and nothing more: whatever goes wrong with it, a full disk or a damaged
// file included, costs a reading of the files and no more. It takes no locks. Several
// processes may use one file; what one of them loses to another it finds again.
//
// The file is a line that names its format and then records, one after another, each
// with a sum of its own. New records go to its end in one write. When most of them are
// of no use any more the file is written anew and renamed into place.
package refcache
