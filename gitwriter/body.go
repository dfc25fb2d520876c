package gitwriter

import (
	"fmt"
	"strings"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
)

const (
	maxBody   = 62000 // bytes in all; GitHub takes 65,536 characters, other forges more
	maxHidden = 8000  // bytes of what a later run reads back, the key aside
	maxNotes  = 20000 // bytes of all release notes
	maxNote   = 4000  // bytes of one release's
	maxPlaces = 10    // files listed for one image
	maxReason = 400   // bytes
)

// bodyData is what a pull request's text is made of. The zero value of each field leaves
// its part out, but for the key and the changes.
type bodyData struct {
	key, group, scope string
	changes           []Change
	// earlier is what the pull request proposed before, by image.
	earlier map[string]string
	// state is the block at the top, as Markdown with its marks around it.
	state string
	// intro is what the person's own template gives; see Writer.intro.
	intro   string
	details map[Step]Details
	notices []string
	// links are the forge's; commit is the branch's head, at which files are shown.
	links  forge.Links
	commit string
	now    time.Time
}

// body is the pull request's text, in the Markdown that all forges share. It is bounded
// by leaving out whole lines, with a word on how many; the state, the person's own words
// and what a later run reads back are always there.
func body(d bodyData) string {
	all := moves(d.changes)
	before, after := d.state, footer+hidden(d, all)
	if d.intro != "" {
		before += d.intro + "\n\n"
	}
	p := &page{limit: max(0, maxBody-len(before)-len(after))}
	d.table(p, all)
	d.reasons(p, all)
	d.superseded(p, all)
	p.list("Held back", d.notes(), p.limit*3/4)
	d.changed(p, all)
	d.releases(p, all)
	return before + p.text.String() + after
}

const footer = "\n---\nMerging is all there is to do. If you close this pull request, Towline doesn't propose these versions here again; " +
	"if you push a commit to its branch, the branch is yours.\n\n" +
	"By a comment, if you may push here: <code>/towline hold 7d</code> leaves it as it is for a while, " +
	"<code>/towline release</code> ends that, or proposes again what was closed, <code>/towline rebase</code> builds the branch anew, " +
	"<code>/towline ignore</code> closes it for good.\n\n"

// page is Markdown that is added to by elements that are whole.
type page struct {
	text  strings.Builder
	limit int // bytes
}

// add writes an element where it and what says that there is more fit below a limit.
func (p *page) add(element string, limit int) bool {
	if p.text.Len()+len(element)+maxMore > min(limit, p.limit) {
		return false
	}
	p.text.WriteString(element)
	return true
}

// maxMore bounds in bytes what says that there is more; add keeps room for it.
const maxMore = 100

// list writes items of one line or several below a heading.
func (p *page) list(heading string, items []string, limit int) {
	for i, item := range items {
		item = "- " + item + "\n"
		if i == 0 {
			item = "\n**" + heading + "**\n\n" + item
		}
		if !p.add(item, limit) {
			fmt.Fprintf(&p.text, "\n…and %s more.\n", count(len(items)-i, heading))
			return
		}
	}
}

func count(n int, of string) string { return fmt.Sprintf("%d under “%s”", n, of) }

// table shows each image's step on a row. A column for the places would make it wider than
// forges show a table.
func (d bodyData) table(p *page, all []move) {
	p.text.WriteString("| Image, and where it stands | From | To | Level | Age |\n| --- | --- | --- | --- | --- |\n")
	for i, m := range all {
		row := fmt.Sprintf("| <strong>%s</strong><br>%s | %s | %s | %s | %s |\n",
			code(m.Image), d.where(m), versionCell(m.From), versionCell(version(m.Change)), prose(m.Level, 20), d.age(m))
		if i == maxMoves || !p.add(row, p.limit/2) {
			fmt.Fprintf(&p.text, "\n…and %d more; the commit's trailers list them.\n", len(all)-i)
			return
		}
	}
}

// versionCell shows a version, and the beginning of its digest in a line of its own.
func versionCell(v string) string {
	tag, digest, pinned := strings.Cut(v, "@")
	switch {
	case pinned && tag != "":
		return code(tag) + "<br>" + code(shortDigest(digest))
	case strings.HasPrefix(v, "sha256:"):
		return code(shortDigest(v))
	}
	return code(v)
}

// age says how old a version was when the text was written, and since when it is there:
// the text isn't written again every day.
func (d bodyData) age(m move) string {
	since := d.details[m.step()].Since
	if since.IsZero() {
		return "–"
	}
	days := int(d.now.Sub(since).Hours() / 24)
	day := since.UTC().Format(time.DateOnly)
	switch {
	case d.now.IsZero() || days < 0:
		return day
	case days == 0:
		return "new<br>" + day
	case days == 1:
		return "1&nbsp;day<br>" + day
	}
	return fmt.Sprintf("%d&nbsp;days<br>%s", days, day)
}

// where links the places at the branch's head.
func (d bodyData) where(m move) string {
	var shown []string
	for i, place := range m.places {
		if i == maxPlaces {
			shown = append(shown, fmt.Sprintf("and %d more", len(m.places)-i))
			break
		}
		address := ""
		if d.links.File != nil && d.commit != "" {
			address = d.links.File(d.commit, m.spots[i].File, m.spots[i].Line)
		}
		shown = append(shown, anchor(address, "", code(place)))
	}
	return strings.Join(shown, "<br>")
}

func (d bodyData) reasons(p *page, all []move) {
	var said []string
	names := shortNames(all)
	for _, m := range all {
		for _, reason := range m.reasons {
			said = append(said, code(names[m.Image])+": "+prose(reason, maxReason))
		}
	}
	p.list("Why these versions", said, p.limit*5/8)
}

func (d bodyData) superseded(p *page, all []move) {
	var said []string
	told, names := map[string]bool{}, shortNames(all)
	for _, m := range all {
		before, ok := d.earlier[m.Image]
		if ok && before != version(m.Change) && !told[m.Image] && len(said) < maxPlaces {
			told[m.Image] = true
			said = append(said, fmt.Sprintf("%s of %s", code(before), code(names[m.Image])))
		}
	}
	if len(said) > 0 {
		p.add(fmt.Sprintf("\n**Supersedes** %s, which this pull request proposed before.\n", strings.Join(said, ", ")), p.limit)
	}
}

// shortNames gives what images are called below the table, where they stand in full: the
// last part of the name, where no two have the same.
func shortNames(all []move) map[string]string {
	names, first := map[string]string{}, map[string]string{}
	for _, m := range all {
		if _, named := names[m.Image]; named {
			continue
		}
		short := nameOf(m)
		if other, taken := first[short]; taken && other != m.Image {
			names[other], names[m.Image] = other, m.Image
			continue
		}
		first[short], names[m.Image] = m.Image, short
	}
	return names
}

func (d bodyData) notes() (said []string) {
	for _, notice := range d.notices {
		said = append(said, prose(notice, maxReason))
	}
	return said
}
