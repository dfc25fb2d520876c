// Package notes shows the Markdown of strangers on the pages of a forge, so that it is
// readable and does nothing: release notes are written by whoever publishes an image.
//
// Markdown is parsed, and what is known to be harmless is written anew as a line of HTML
// of few elements, without attributes. A forge takes such a line as it is, up to the next
// empty line, and no dialect of Markdown is asked what it means. There are no links, no
// images, nothing that loads. Nobody is mentioned, no issue, commit or ticket is referred
// to, and none is closed: not by the page, and not by the text below it, which ends up in
// commit messages and in the hands of other bots.
//
// The package decides nothing about where the text comes from, or what stands around it.
package notes
