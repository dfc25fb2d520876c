package gitwriter

import (
	"strings"

	"github.com/towline-dev/towline/gitwriter/markup"
)

// The names of the trailers: the audit log that stays in Git.
const (
	trailerPolicy = "Towline-Policy"
	trailerImage  = "Towline-Image"
	trailerFrom   = "Towline-From"
	trailerTo     = "Towline-To"
	trailerDigest = "Towline-Digest"
	trailerKey    = "Towline-Key"
	trailerGroup  = "Towline-Group" // where the branch's name doesn't tell it
	trailerScope  = "Towline-Scope"

	trailerSignOff = "Signed-off-by" // git's own
)

// maxTrailer bounds a trailer's value in bytes; a tag has at most 128, a digest 71.
const maxTrailer = 512

// Trailer is one image's step, as a commit records it.
type Trailer struct{ Policy, Image, From, To, Digest string }

// Trailers are what a commit of ours records for machines.
type Trailers struct {
	// Key is the update's key.
	Key string
	// Group and Scope say whose branch it is: Group where the branch's name doesn't tell,
	// Scope where the bot has one. Commits on the base branch have neither.
	Group, Scope string
	// Updates are the images' steps, in the order of the message.
	Updates []Trailer
}

// trailersOf describes an update's changes, each image's step once.
func trailersOf(u Update, key string, changes []Change) Trailers {
	t := Trailers{Key: key}
	if u.Mode != ModeCommit {
		t.Scope = u.scope
		_, told := groupOfBranch("", branchPart(u.Group))
		if !told && oneLine(u.Group, maxTrailer) == u.Group {
			t.Group = u.Group
		}
	}
	for _, m := range moves(changes) {
		t.Updates = append(t.Updates, Trailer{Policy: m.Policy, Image: m.Image, From: m.From, To: m.To, Digest: m.Digest})
	}
	return t
}

// String gives the block of lines that ends a commit message, in the form that
// git-interpret-trailers(1) reads. Values are one line each, whatever they hold.
func (t Trailers) String() string {
	var b strings.Builder
	line := func(name, value string) {
		if value = oneLine(value, maxTrailer); value != "" {
			b.WriteString(name + ": " + value + "\n")
		}
	}
	for _, u := range t.Updates {
		line(trailerPolicy, u.Policy)
		line(trailerImage, u.Image)
		line(trailerFrom, u.From)
		line(trailerTo, u.To)
		line(trailerDigest, u.Digest)
	}
	line(trailerKey, t.Key)
	line(trailerGroup, t.Group)
	line(trailerScope, t.Scope)
	return b.String()
}

// ParseTrailers reads the trailers of a commit message: the lines of its last
// paragraph. A message without any gives the zero value.
func ParseTrailers(message string) Trailers {
	message = strings.TrimSpace(strings.ReplaceAll(message, "\r\n", "\n"))
	if i := strings.LastIndex(message, "\n\n"); i >= 0 {
		message = message[i+2:]
	}
	var t Trailers
	var current Trailer
	flush := func() {
		if current != (Trailer{}) {
			t.Updates = append(t.Updates, current)
		}
		current = Trailer{}
	}
	set := func(field *string, value string) {
		if *field != "" { // a second value of a kind begins the next step
			flush()
		}
		*field = value
	}
	for line := range strings.SplitSeq(message, "\n") {
		name, value, ok := strings.Cut(line, ": ")
		if !ok {
			continue
		}
		switch name {
		case trailerPolicy:
			flush()
			current.Policy = value
		case trailerImage:
			set(&current.Image, value)
		case trailerFrom:
			set(&current.From, value)
		case trailerTo:
			set(&current.To, value)
		case trailerDigest:
			set(&current.Digest, value)
		case trailerKey:
			t.Key = value
		case trailerGroup:
			t.Group = value
		case trailerScope:
			t.Scope = value
		}
	}
	flush()
	return t
}

// oneLine makes a value from outside fit for one line of at most limit bytes.
func oneLine(value string, limit int) string { return markup.OneLine(value, limit) }
