package gitwriter

import (
	"fmt"
	"path"
	"strings"
	"text/template"
)

const (
	maxTitle   = 120   // bytes; what forges and `git log` show on one line
	maxMessage = 32000 // bytes, trailers aside
	maxMoves   = 100   // images listed in a message or a body
)

// MessageData is what a message template sees.
type MessageData struct {
	Title   string   // the pull request's title
	Group   string   // the update's group
	Changes []Change // sorted by image and place
}

// title says what an update does in the manner of Conventional Commits.
func title(u Update, changes []Change) string {
	all := moves(changes)
	images, versions := map[string]bool{}, map[string]bool{}
	for _, m := range all {
		images[m.Image], versions[version(m.Change)] = true, true
	}
	first := all[0]
	name := oneLine(path.Base(first.Image), 60)
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
	return oneLine("chore(deps): "+text, maxTitle)
}

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
// template and the trailers.
func commitMessage(u Update, key string, changes []Change) (string, error) {
	var b strings.Builder
	if u.MessageTemplate == "" {
		b.WriteString(title(u, changes) + "\n\n")
		all := moves(changes)
		for i, m := range all {
			if i == maxMoves {
				fmt.Fprintf(&b, "- and %d more\n", len(all)-i)
				break
			}
			fmt.Fprintf(&b, "- %s: %s -> %s\n", oneLine(m.Image, 200), oneLine(m.From, 200), oneLine(version(m.Change), 200))
		}
	} else if err := fillTemplate(&b, u, changes); err != nil {
		return "", err
	}
	return strings.TrimSpace(b.String()) + "\n\n" + trailersOf(key, changes).String(), nil
}

func fillTemplate(b *strings.Builder, u Update, changes []Change) error {
	parsed, err := template.New("message").Option("missingkey=error").Parse(u.MessageTemplate)
	if err != nil {
		return fmt.Errorf("parsing the commit message template: %w", err)
	}
	var out limitedBuilder
	if err := parsed.Execute(&out, MessageData{Title: title(u, changes), Group: u.Group, Changes: sorted(changes)}); err != nil {
		return fmt.Errorf("filling in the commit message template: %w", err)
	}
	var lines []string
	for line := range strings.SplitSeq(out.String(), "\n") {
		lines = append(lines, printableLine(line))
	}
	text := strings.TrimSpace(strings.Join(lines, "\n"))
	if text == "" {
		return fmt.Errorf("filling in the commit message template: the message is empty")
	}
	b.WriteString(text)
	return nil
}

// printableLine keeps a line's indentation.
func printableLine(line string) string {
	trimmed := strings.TrimLeft(line, " \t")
	return strings.ReplaceAll(line[:len(line)-len(trimmed)], "\t", "    ") + oneLine(trimmed, 1000)
}

// limitedBuilder bounds what a template with loops can write.
type limitedBuilder struct{ strings.Builder }

func (b *limitedBuilder) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxMessage {
		return 0, fmt.Errorf("the message is longer than %d bytes", maxMessage)
	}
	return b.Builder.Write(p)
}
