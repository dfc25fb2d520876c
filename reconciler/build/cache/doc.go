// Package cache remembers what was built, by the hashes of what was really read.
//
// A build asks its files for names: it opens some, lists folders, looks whether
// others exist. All of that is noted, misses included. At another commit the noted
// names are looked up in Git's trees: where each has the hash that it had, the
// earlier result is given and nothing is read or rendered. A commit elsewhere in a
// large repository so costs a few look-ups. A folder that was read as a whole is
// noted as one hash.
//
// What was found wrong with the files is remembered as well; what may pass, such as
// a damaged mirror or a timeout, isn't. Everything is kept in memory only, so no
// version of the program or of its libraries is part of a key.
package cache
