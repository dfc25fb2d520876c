package gitwriter

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

const (
	maxTitle   = 120   // bytes; what forges and `git log` show on one line
	maxMessage = 32000 // bytes, trailers aside
	maxMoves   = 100   // images listed in a message or a body
)

// MessageData is what a message template sees. All text in it is one printable line.
type MessageData struct {
	Title      string         // the title that the default message has
	Group      string         // the update's group
	Level      string         // the greatest level of the changes: none, patch, minor, major or other
	Repository string         // the repository's name in the bot's configuration
	Base       string         // the branch that the update is made for
	Branch     string         // the branch that the commit goes to: that of the group, or Base
	Images     []MessageImage // each image's step from one version to another once, sorted by image
	Changes    []Change       // all places, sorted by image and place
}

// MessageImage is one image's step from one version to another.
type MessageImage struct {
	Image  string   // the repository, as the policy writes it
	Name   string   // its last part: web of ghcr.io/acme/web
	From   string   // the version that stood there: tag, tag@digest or digest
	To     string   // the version that stands there now
	Digest string   // the new version's digest, where it is known
	Level  string   // none, patch, minor, major or other
	Policy string   // the policy that asked for it: [NAMESPACE/]NAME
	Reason string   // why this version
	Places []string // file:line of each place, sorted
}

// messageData describes an update to a template. Values come from files and
// registries, so none may bring a line of its own.
func messageData(u Update, repository string, changes []Change) MessageData {
	line := func(value string) string { return oneLine(value, maxTrailer) }
	data := MessageData{
		Title: title(u, changes), Group: line(u.Group), Repository: line(repository),
		Base: u.Base, Branch: branchName(u), Changes: sorted(changes),
	}
	if u.Mode == ModeCommit {
		data.Branch = u.Base
	}
	for i, c := range data.Changes {
		data.Level = greater(data.Level, c.Level)
		data.Changes[i] = Change{
			File: line(c.File), Path: line(c.Path), Line: c.Line, Policy: line(c.Policy), Image: line(c.Image),
			From: line(c.From), To: line(c.To), Digest: line(c.Digest), Reason: line(c.Reason), Level: line(c.Level),
		}
	}
	for _, m := range moves(data.Changes) {
		data.Images = append(data.Images, MessageImage{
			Image: m.Image, Name: path.Base(m.Image), From: m.From, To: m.To, Digest: m.Digest,
			Level: m.Level, Policy: m.Policy, Reason: m.Reason, Places: m.places,
		})
	}
	return data
}

// greater orders levels; what can't be measured may be anything, so it comes last.
func greater(a, b string) string {
	order := []string{"", "none", "patch", "minor", "major"}
	rank := func(level string) int {
		if i := slices.Index(order, level); i >= 0 {
			return i
		}
		return len(order)
	}
	if rank(b) > rank(a) {
		return b
	}
	return a
}

// title says what an update does, as the repository's commits do or as the update says.
func title(u Update, changes []Change) string {
	all := moves(changes)
	images, versions := map[string]bool{}, map[string]bool{}
	for _, m := range all {
		images[m.Image], versions[version(m.Change)] = true, true
	}
	first := all[0]
	name := oneLine(nameOf(first), 60)
	var text string
	switch {
	case len(images) == 1 && len(versions) == 1 && first.From == first.To:
		text = fmt.Sprintf("pin %s %s to %s", name, oneLine(first.To, 40), shortDigest(first.Digest))
	case len(images) == 1 && len(versions) == 1:
		text = fmt.Sprintf("update %s to %s", name, shortVersion(first.To))
	case len(images) == 1:
		text = fmt.Sprintf("update %s", name)
	default:
		text = fmt.Sprintf("update %d images in %s", len(images), oneLine(u.Group, 60))
	}
	return u.titled(text)
}

func nameOf(m move) string { return path.Base(m.Image) }

// shortVersion leaves of a digest what a title has room for.
func shortVersion(v string) string {
	tag, digest, ok := strings.Cut(v, "@")
	switch {
	case !ok && strings.HasPrefix(v, "sha256:"):
		return shortDigest(v)
	case ok && tag == "":
		return shortDigest(digest)
	}
	return oneLine(tag, 60)
}

func shortDigest(digest string) string { return oneLine(digest[:min(len(digest), 19)], 19) }

// commitMessage is the title, the moves, and the trailers; or the person's own
// template and the trailers. The trailers have a paragraph of their own, the last, so
// that nothing before them is taken for one, however it looks.
func (w *Writer) commitMessage(u Update, key string, changes []Change) (string, error) {
	signOff := ""
	if u.SignOff {
		signOff = fmt.Sprintf("%s: %s <%s>", trailerSignOff, w.cfg.CommitterName, w.cfg.CommitterEmail)
	}
	lines := defaultMessage(u, changes)
	if u.MessageTemplate != "" {
		var err error
		if lines, err = fillTemplate(commitTemplate(), u.MessageTemplate, messageData(u, w.cfg.Name, changes)); err != nil {
			return "", err
		}
		lines = slices.DeleteFunc(lines, func(line string) bool { return signOff != "" && line == signOff })
	}
	text := strings.Trim(strings.Join(lines, "\n"), "\n")
	if text == "" {
		return "", errors.New("filling in the commit message template: the message is nothing but a sign-off")
	}
	text += "\n\n" + trailersOf(u, key, changes).String()
	if signOff != "" {
		text += signOff + "\n"
	}
	return text, nil
}

func defaultMessage(u Update, changes []Change) []string {
	lines := []string{title(u, changes), ""}
	all := moves(changes)
	for i, m := range all {
		if i == maxMoves {
			return append(lines, fmt.Sprintf("- and %d more", len(all)-i))
		}
		lines = append(lines, fmt.Sprintf("- %s: %s -> %s", oneLine(m.Image, 200), oneLine(m.From, 200), oneLine(version(m.Change), 200)))
	}
	return lines
}
