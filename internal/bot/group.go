package bot

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/policy"
)

// Groups gives the groups that have something to rewrite, sorted.
func (p *Plan) Groups() []Group {
	wanted := map[Group]bool{}
	for i := range p.Rows {
		if p.Rows[i].Changed() {
			wanted[p.Rows[i].group] = true
		}
	}
	return slices.SortedFunc(maps.Keys(wanted), compareGroups)
}

// Rewrite edits the files of the rows that in admits. A file that can't be edited
// without damage is left as it is and told as a problem; the others are rewritten.
// The new contents are given by path, and the changes by file and place.
func (p *Plan) Rewrite(in func(Row) bool) (map[string][]byte, []gitwriter.Change, policy.Problems) {
	var (
		files    = map[string][]byte{}
		changes  []gitwriter.Change
		problems policy.Problems
	)
	for rows := range p.byFile(in) {
		var wanted []edit.Change
		for _, r := range rows {
			wanted = append(wanted, r.edit())
		}
		data, edits, err := p.Tree.rewrite(rows[0].file, wanted)
		if err != nil {
			problems = append(problems, refused(rows[0].Reference, err)...)
			continue
		}
		if len(edits) == 0 {
			continue
		}
		files[rows[0].Reference.File] = data
		for _, r := range rows {
			changes = append(changes, r.change())
		}
	}
	return files, changes, problems
}

// rewrite edits a file. The references are those of the file as it was read for the tree.
func (t *Tree) rewrite(f *File, changes []edit.Change) ([]byte, []edit.Edit, error) {
	opened, err := t.Open(f)
	if err != nil {
		return nil, nil, err
	}
	return opened.Rewrite(changes)
}

// refused tells that a file is left as it is, at the place that can't be edited.
func refused(r edit.Reference, err error) policy.Problems {
	var refusal *edit.RefusedError
	at := policy.Position{File: r.File, Line: r.Line, Column: r.Column}
	if errors.As(err, &refusal) {
		at = policy.Position{File: refusal.File, Line: refusal.Line, Column: refusal.Column}
		err = errors.New(refusal.Reason)
	}
	return policy.Problems{{Position: at, Message: fmt.Sprintf("the file is left as it is: %v", err)}}
}

// refused tells of the files that are to be edited and can't be, and of the groups of
// which nothing can. Each group is tried by itself, as it is written: what two want of
// one value together, neither can alone.
func (p *Plan) refused() (policy.Problems, map[Group]bool) {
	var problems policy.Problems
	stuck := map[Group]bool{}
	for _, g := range p.Groups() {
		if g.Mode == policy.ModeNotify {
			continue
		}
		_, changes, found := p.Rewrite(func(r Row) bool { return r.group == g })
		problems = append(problems, found...)
		stuck[g] = len(changes) == 0 && len(found) > 0
	}
	return slices.CompactFunc(problems.Sorted(), func(a, b policy.Problem) bool { return a.Error() == b.Error() }), stuck
}

// byFile yields the changed rows that in admits, a file at a time.
func (p *Plan) byFile(in func(Row) bool) func(yield func([]Row) bool) {
	return func(yield func([]Row) bool) {
		var rows []Row
		for _, r := range p.Rows {
			if !r.Changed() || !in(r) {
				continue
			}
			if len(rows) > 0 && rows[0].file != r.file {
				if !yield(rows) {
					return
				}
				rows = nil
			}
			rows = append(rows, r)
		}
		if len(rows) > 0 {
			yield(rows)
		}
	}
}

func (r Row) edit() edit.Change {
	c := edit.Change{Reference: r.Reference, Tag: r.Choice.Tag, Digest: r.Digest}
	if r.Digest == "" && r.Choice.Tag == r.Reference.Tag {
		c.Digest = r.Reference.Digest
	}
	if r.Reference.Marker != nil && !edit.SameImage(r.Reference.Image, r.Policy.Image()) {
		c.Image = r.Policy.Image()
	}
	return c
}

func (r Row) change() gitwriter.Change {
	return gitwriter.Change{
		File: r.Reference.File, Path: r.Reference.Path, Line: r.Reference.Line,
		Policy: r.Policy.Key(), Image: r.Policy.Image(), From: r.from(), To: r.Choice.Tag, Digest: r.Digest,
		Reason: r.Choice.Reason, Level: string(r.Choice.Level),
	}
}

// from is what stood there: the tag or, where only the digest moves, the digest too;
// and the image, where that is another one afterwards.
func (r Row) from() string {
	if r.renamed() && r.Current != "" {
		return r.Reference.Image + ":" + r.Current
	}
	if r.Current == r.Choice.Tag && r.Reference.Digest != "" {
		return r.Current + "@" + r.Reference.Digest
	}
	return r.Current
}

// to is what is to stand there: the tag and, where it stays, the digest.
func (r Row) to() string {
	if r.Current == r.Choice.Tag && r.Digest != "" {
		return r.Choice.Tag + "@" + r.Digest
	}
	return r.Choice.Tag
}
