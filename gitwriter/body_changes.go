package gitwriter

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/towline-dev/towline/gitwriter/markup"
)

const (
	maxReleases  = 10 // shown of one image
	maxPlatforms = 10 // named as added or removed
)

// changed says what differs between the old and the new image of each step.
func (d bodyData) changed(p *page, all []move) {
	var said []string
	names := shortNames(all)
	for _, m := range all {
		details := d.details[m.step()]
		facts := slices.Concat(details.pages(m), details.platforms(), details.size(), details.signer())
		if len(facts) > 0 {
			said = append(said, code(names[m.Image])+"\n  - "+strings.Join(facts, "\n  - "))
		}
	}
	p.list("What changed", said, p.limit*7/8)
}

// host is the one that links of these details may lead to: the source's. It was found to
// be one that is known, while any other address is a stranger's word.
func (d Details) host() string {
	u, err := url.Parse(d.Source)
	if err != nil {
		return ""
	}
	return u.Host
}

// page links to a page of the source's host, and to no other.
func (d Details) page(address, html string) string {
	if d.host() == "" {
		return html
	}
	return anchor(address, d.host(), html)
}

func (d Details) pages(m move) []string {
	var said []string
	compare := fmt.Sprintf("compare %s with %s", code(tagOf(m.From)), code(tagOf(m.To)))
	if linked := d.page(d.Compare, compare); linked != compare {
		said = append(said, linked)
	}
	switch {
	case d.host() != "":
		said = append(said, "source: "+d.page(d.Source, code(d.Source)))
	case d.Claimed != "":
		said = append(said, "the image names as its source "+code(d.Claimed)+", at a host that isn't known here")
	}
	return said
}

func tagOf(v string) string {
	if tag, digest, ok := strings.Cut(v, "@"); ok && tag == "" {
		return shortDigest(digest)
	} else if ok {
		return tag
	}
	return shortVersion(v)
}

func (d Details) platforms() []string {
	if len(d.From.Platforms) == 0 || len(d.To.Platforms) == 0 {
		return nil
	}
	var said []string
	for _, change := range []struct {
		word     string
		from, to []string
	}{{"added", d.From.Platforms, d.To.Platforms}, {"removed", d.To.Platforms, d.From.Platforms}} {
		var names []string
		for _, platform := range change.to {
			if !slices.Contains(change.from, platform) {
				names = append(names, code(platform))
			}
		}
		if n := len(names); n > maxPlatforms {
			names = append(names[:maxPlatforms], fmt.Sprintf("%d more", n-maxPlatforms))
		}
		if len(names) > 0 {
			said = append(said, "platforms "+change.word+": "+strings.Join(names, ", "))
		}
	}
	return said
}

// size is what one platform pulls.
func (d Details) size() []string {
	from, to := d.From.Size, d.To.Size
	switch {
	case to <= 0:
		return nil
	case from <= 0:
		return []string{"size: " + bytesInWords(to)}
	case from == to:
		return []string{"size: " + bytesInWords(to) + ", as before"}
	}
	sign, by := "+", to-from
	if by < 0 {
		sign, by = "−", -by
	}
	text := fmt.Sprintf("size: %s, %s%s", bytesInWords(to), sign, bytesInWords(by))
	if percent := float64(by) / float64(from) * 100; percent >= 0.5 {
		text += fmt.Sprintf(" (%s%.0f %%)", sign, percent)
	}
	return []string{text}
}

func bytesInWords(n int64) string {
	value, units := float64(n), []string{"bytes", "kB", "MB", "GB", "TB"}
	for value >= 999.5 && len(units) > 1 {
		value, units = value/1000, units[1:]
	}
	if value < 9.95 && units[0] != "bytes" {
		return fmt.Sprintf("%.1f %s", value, units[0])
	}
	return fmt.Sprintf("%.0f %s", value, units[0])
}

func (d Details) signer() []string {
	if d.Signer == "" {
		return nil
	}
	return []string{"signed by " + prose(d.Signer, 300)}
}

// releases shows release notes, each folded up. They stand last: what doesn't fit is the
// least missed.
func (d bodyData) releases(p *page, all []move) {
	heading := "\n**Release notes**, in the words of who published them\n\n"
	began := p.text.Len()
	for _, m := range all {
		details := d.details[m.step()]
		shown := 0
		for _, r := range details.Releases {
			element := details.release(m, r)
			if shown == maxReleases || p.text.Len()-began > maxNotes-len(element) || !p.add(heading+element, p.limit) {
				break
			}
			heading = ""
			shown++
		}
		missing := len(details.Releases) - shown
		switch {
		case missing > 0 && p.text.Len()+maxMore <= p.limit:
			p.add(heading+fmt.Sprintf("…and %d more of %s.\n\n", missing, prose(nameOf(m), 40)), p.limit)
			heading = ""
		case details.More && shown > 0:
			p.add(fmt.Sprintf("…and others of %s.\n\n", prose(nameOf(m), 40)), p.limit)
		}
	}
}

// release is one line of HTML, which no Markdown is read from.
func (d Details) release(m move, r Release) string {
	title := prose(nameOf(m), 60) + " " + prose(r.Tag, 60)
	if more := r.says(nameOf(m)); more != "" {
		title += ": " + prose(more, 100)
	}
	if !r.At.IsZero() {
		title += " (" + r.At.UTC().Format(time.DateOnly) + ")"
	}
	shown, cut := markup.HTML(r.Notes, maxNote)
	switch {
	case shown == "" && !cut:
		shown = "<p>It has no notes.</p>"
	case cut:
		shown += "<p>… and more, left out here.</p>"
	}
	const words = "the release’s page"
	if linked := d.page(r.URL, words); linked != words {
		shown += "<p>" + linked + "</p>"
	}
	return "<details><summary>" + title + "</summary><blockquote>" + shown + "</blockquote></details>\n\n"
}

// says is what a release's title tells beside its tag, with which many begin.
func (r Release) says(name string) string {
	rest := strings.TrimSpace(r.Title)
	for _, word := range []string{"release", "version", name} {
		rest, _ = cutWord(rest, word)
	}
	for _, tag := range []string{r.Tag, strings.TrimPrefix(r.Tag, "v"), "v" + r.Tag} {
		if more, ok := cutWord(rest, tag); ok {
			return more
		}
	}
	return r.Title
}

// cutWord takes a word away from the beginning of a text, in any case, and what stands
// between it and the next one.
func cutWord(text, word string) (rest string, ok bool) {
	if word == "" || len(text) < len(word) || !strings.EqualFold(text[:len(word)], word) {
		return text, false
	}
	rest = text[len(word):]
	if rest != "" && rest[0] != ' ' && rest[0] != ':' {
		return text, false
	}
	return strings.TrimLeft(rest, " :–—-"), true
}
