package revert

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/towline-dev/towline/gitwriter/markup"
	"github.com/towline-dev/towline/internal/gitrepo"
)

const (
	// maxLine bounds what of a text from outside goes into one line, in bytes.
	maxLine = 300
	// maxTitle is what forges and git log show on one line, in bytes.
	maxTitle = 120
	// maxUndone is how many commits are listed.
	maxUndone = 50
	// keyTrailer marks our commits, and keyComment our pull requests. The bot's own are
	// marked otherwise: it leaves these alone.
	keyTrailer = "Towline-Rollback: "
	keyComment = "<!-- towline-rollback: "
)

// finish puts into words what the plan does, and makes its commit.
func (p *Plan) finish(d delta, undone []gitrepo.CommitInfo, cfg Config) {
	// Commits that touch nothing of it don't make it another rollback, so the head of the
	// branch isn't what names it.
	p.Bad = p.Base
	if len(undone) > 0 {
		p.Bad = undone[0].Hash
	}
	for _, commit := range undone {
		p.Undone = append(p.Undone, Undone{Hash: commit.Hash, Subject: markup.OneLine(subject(commit.Message), maxLine), Author: markup.OneLine(commit.Author.Name, maxLine)})
	}
	p.Key = p.key()
	p.Head = "towline/rollback-" + p.Short + "-" + p.Bad.Short()
	p.Title = markup.OneLine(fmt.Sprintf("Roll back %s to %s", p.Short, p.Good.Short()), maxTitle)
	p.Body = p.body(len(d.files), len(d.deletes))
	p.Message = p.message()
	p.Diff = d.diff()
	who := gitrepo.Signature{Name: cfg.Name, Email: cfg.Email, When: cfg.Now()}
	slices.Sort(d.deletes)
	p.commit = gitrepo.Commit{
		Base: p.Base, Files: d.files, Deletes: d.deletes, Message: p.Message, Author: who, Committer: who, Signer: cfg.Signer,
	}
}

// key names a rollback by what goes back from where to where, whatever else has happened
// to the branch.
func (p *Plan) key() string {
	sum := sha256.New()
	for _, part := range slices.Concat([]string{p.Name, p.Branch, string(p.Good), string(p.Bad)}, p.Paths) {
		_, _ = fmt.Fprintf(sum, "%d:%s", len(part), part) // the length keeps "ab"+"c" and "a"+"bc" apart
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func (p *Plan) message() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", p.Title)
	if p.Why != "" {
		fmt.Fprintf(&b, "%s\n\n", markup.OneLine(p.Why, maxLine))
	}
	fmt.Fprintf(&b, "This takes %s back to %s and undoes:\n", markup.OneLine(listed(p.Paths), maxLine), p.Good)
	for _, u := range p.Undone[:min(len(p.Undone), maxUndone)] {
		fmt.Fprintf(&b, "  %s %s\n", u.Hash.Short(), u.Subject)
	}
	for _, e := range p.Excluded {
		fmt.Fprintf(&b, "\nTag %s is excluded in %s.\n", markup.OneLine(e.Tag, maxLine), markup.OneLine(e.File, maxLine))
	}
	fmt.Fprintf(&b, "\n%s%s\n", keyTrailer, p.Key)
	return b.String()
}

func (p *Plan) body(written, deleted int) string {
	var b strings.Builder
	if p.Why != "" {
		fmt.Fprintf(&b, "%s isn't as it should be at %s:\n\n", markup.Code(p.Name), markup.Code(p.Bad.Short()))
		fmt.Fprintf(&b, "> %s\n\n", markup.Prose(markup.OneLine(p.Why, 4*maxLine), 4*maxLine))
	}
	fmt.Fprintf(&b, "This takes %s back to what it was at %s: %s.\n\n", codes(p.Paths), markup.Code(string(p.Good)), counted(written, deleted))
	b.WriteString("| undone | |\n| --- | --- |\n")
	for _, u := range p.Undone[:min(len(p.Undone), maxUndone)] {
		fmt.Fprintf(&b, "| %s | %s, by %s |\n", markup.Code(u.Hash.Short()), markup.Prose(u.Subject, maxLine), markup.Prose(u.Author, maxLine))
	}
	if more := len(p.Undone) - maxUndone; more > 0 {
		fmt.Fprintf(&b, "\nand %d more\n", more)
	}
	for _, e := range p.Excluded {
		fmt.Fprintf(&b, "\nTag %s is added to `exclude` of the policy %s in %s, so that it isn't proposed again. Take it out of there to try it once more.\n",
			markup.Code(e.Tag), markup.Code(e.Policy), markup.Code(e.File))
	}
	for _, note := range p.Notes {
		fmt.Fprintf(&b, "\nNote: %s.\n", markup.Prose(note, 2*maxLine))
	}
	fmt.Fprintf(&b, "\n%s%s -->\n", keyComment, p.Key)
	return b.String()
}

func counted(written, deleted int) string {
	parts := []string{fmt.Sprintf("%d files change", written)}
	if written == 1 {
		parts[0] = "1 file changes"
	}
	if deleted > 0 {
		parts = append(parts, fmt.Sprintf("%d go", deleted))
	}
	return strings.Join(parts, ", ")
}

func listed(paths []string) string { return strings.Join(paths, ", ") }

func codes(paths []string) string {
	var all []string
	for _, each := range paths {
		all = append(all, markup.Code(each))
	}
	return strings.Join(all, ", ")
}
