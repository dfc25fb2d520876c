package gitwriter

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/towline-dev/towline/gitwriter/markup"
)

const (
	maxShown  = 50000 // bytes of what people see; GitHub takes 65,536 characters in all
	maxHidden = 8000  // bytes of what a later run reads back, the key aside
	maxPlaces = 10    // files listed for one image
	maxReason = 400   // bytes
)

// body is the pull request's text, in the Markdown that all forges share. earlier is
// what the pull request proposed before, by image.
func body(key string, changes []Change, earlier map[string]string) string {
	all := moves(changes)
	var b strings.Builder
	b.WriteString("| Image | From | To | Level | Where |\n| --- | --- | --- | --- | --- |\n")
	for i, m := range all {
		if i == maxMoves || b.Len() > maxShown/2 {
			fmt.Fprintf(&b, "\n…and %d more; the commit's trailers list them.\n", len(all)-i)
			break
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", code(m.Image), code(m.From), code(version(m.Change)), prose(m.Level, 20), where(m.places))
	}
	writeReasons(&b, all)
	writeSuperseded(&b, all, earlier)
	shown := b.String()
	if len(shown) > maxShown { // whole lines, since no element spans two
		shown = shown[:strings.LastIndexByte(shown[:maxShown], '\n')+1] + "\n…and more.\n"
	}
	return shown + footer + hidden(key, all)
}

const footer = "\n---\nMerging is all there is to do. Close this pull request, and Towline doesn't propose these versions here again. " +
	"Push a commit to its branch, and Towline leaves the branch to you.\n\n"

func where(places []string) string {
	var shown []string
	for i, place := range places {
		if i == maxPlaces {
			shown = append(shown, fmt.Sprintf("and %d more", len(places)-i))
			break
		}
		shown = append(shown, code(place))
	}
	return strings.Join(shown, "<br>")
}

func writeReasons(b *strings.Builder, all []move) {
	heading := "\n**Why**\n\n"
	for i, m := range all {
		for _, reason := range m.reasons {
			if i >= maxMoves || b.Len() > maxShown*3/4 {
				return
			}
			fmt.Fprintf(b, "%s- %s: %s\n", heading, code(m.Image), prose(reason, maxReason))
			heading = ""
		}
	}
}

func writeSuperseded(b *strings.Builder, all []move, earlier map[string]string) {
	var said []string
	told := map[string]bool{}
	for _, m := range all {
		before, ok := earlier[m.Image]
		if ok && before != version(m.Change) && !told[m.Image] && len(said) < maxPlaces {
			told[m.Image] = true
			said = append(said, fmt.Sprintf("%s of %s", code(before), code(m.Image)))
		}
	}
	if len(said) > 0 {
		fmt.Fprintf(b, "\n**Supersedes** %s, which this pull request proposed before.\n", strings.Join(said, ", "))
	}
}

// hidden is what a later run reads back. Values are URL-escaped, so that nothing in
// them can end the comment or pose as another one.
func hidden(key string, all []move) string {
	var versions strings.Builder
	for i, m := range all {
		next := "&" + url.QueryEscape(m.Image) + "=" + url.QueryEscape(version(m.Change))
		if i == maxMoves || versions.Len()+len(next) > maxHidden {
			break
		}
		versions.WriteString(next)
	}
	return "<!-- towline-key: " + key + " -->\n<!-- towline-versions: " + strings.TrimPrefix(versions.String(), "&") + " -->\n"
}

// bodyKey finds the key in a pull request's body; "" where there is none.
func bodyKey(body string) string {
	match := regexp.MustCompile(`(?m)^<!-- towline-key: ([0-9a-f]{64}) -->\r?$`).FindStringSubmatch(body)
	if match == nil {
		return ""
	}
	return match[1]
}

// bodyVersions finds which version of each image a pull request's body proposes.
func bodyVersions(body string) map[string]string {
	match := regexp.MustCompile(`(?m)^<!-- towline-versions: (\S+) -->\r?$`).FindStringSubmatch(body)
	if match == nil {
		return nil
	}
	values, err := url.ParseQuery(match[1])
	if err != nil {
		return nil // a person edited it
	}
	versions := map[string]string{}
	for image, version := range values {
		versions[image] = version[0]
	}
	return versions
}

func code(value string) string { return markup.Code(value) }

func prose(value string, limit int) string { return markup.Prose(value, limit) }
