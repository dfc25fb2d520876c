package bot

import (
	"context"
	"errors"
	"slices"
	"sort"

	"golang.org/x/sync/errgroup"

	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/policy"
)

// Tags is what the bot asks of registries. *registry.Round implements it, so that
// one round lists a repository once, however many policies name it.
type Tags interface {
	Tags(ctx context.Context, repository string) ([]string, error)
	Digest(ctx context.Context, repository, tag string) (string, error)
}

// scanWorkers is how many policies are scanned side by side. What one host may be
// asked at a time is the registry client's own concern.
const scanWorkers = 16

// Row is one reference with what its policy wants there.
type Row struct {
	Policy    *policy.Policy
	Reference edit.Reference
	Current   string        // tag that stands there, "" where none does
	Choice    policy.Choice // what is wanted; the zero value when Err is set
	Digest    string        // of the wanted tag, where the reference or the policy pins it
	Err       error         // why nothing could be chosen

	file *edit.File
}

// Changed tells whether the reference must be rewritten.
func (r Row) Changed() bool {
	if r.Err != nil || r.Choice.Tag == "" {
		return false
	}
	if m := r.Reference.Marker; r.renamed() || m != nil && m.Field == "name" {
		return r.renamed()
	}
	if m := r.Reference.Marker; m == nil || m.Field != "digest" {
		if r.Reference.Tag != r.Choice.Tag {
			return true
		}
	}
	return r.Digest != "" && r.Digest != r.Reference.Digest
}

// renamed tells whether a marked value names another image than its policy does. As
// with Flux it then takes the policy's, also where the tag stays.
func (r Row) renamed() bool {
	return r.Reference.Image != "" && r.Reference.Marker != nil && !edit.SameImage(r.Reference.Image, r.Policy.Image())
}

// Plan says for every reference of a tree what stands there and what is wanted.
type Plan struct {
	Tree *Tree
	Rows []Row // by file and place
	// Problems are the tree's and those of its references, sorted by place.
	Problems policy.Problems
	// Failed holds, by policy key, why a policy's images couldn't be scanned.
	Failed map[string]error
}

// Plan scans the registries for the policies that due admits and chooses a tag for
// each of their references. A policy that fails stands in Failed with its rows'
// Err set; the others go on.
func (t *Tree) Plan(ctx context.Context, tags Tags, due func(*policy.Policy) bool) (*Plan, error) {
	uses, problems := t.uses()
	byPolicy := map[*policy.Policy][]int{}
	var rows []Row
	for _, u := range uses {
		if due(u.policy) {
			byPolicy[u.policy] = append(byPolicy[u.policy], len(rows))
			rows = append(rows, Row{Policy: u.policy, Reference: u.ref, Current: u.current, file: u.file})
		}
	}
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(scanWorkers)
	for p, indexes := range byPolicy {
		work.Go(func() error {
			mine := make([]*Row, len(indexes))
			for i, n := range indexes {
				mine[i] = &rows[n]
			}
			choose(ctx, tags, p, mine)
			return ctx.Err()
		})
	}
	if err := work.Wait(); err != nil {
		return nil, err
	}
	plan := &Plan{Tree: t, Rows: rows, Failed: map[string]error{}, Problems: slices.Concat(t.Problems, problems).Sorted()}
	for _, r := range rows {
		var none *policy.NoChoice
		if r.Err != nil && !errors.As(r.Err, &none) {
			plan.Failed[r.Policy.Key()] = r.Err
		}
	}
	sort.SliceStable(plan.Rows, func(i, j int) bool {
		a, b := plan.Rows[i].Reference, plan.Rows[j].Reference
		if a.File != b.File {
			return a.File < b.File
		}
		return a.Index < b.Index
	})
	return plan, nil
}

// choose fills in the rows of one policy: its repository is listed once, and each
// distinct current tag is decided once.
func choose(ctx context.Context, tags Tags, p *policy.Policy, rows []*Row) {
	listed, err := tags.Tags(ctx, p.Image())
	decided := map[string]*Row{}
	for _, r := range rows {
		if err != nil {
			r.Err = err
			continue
		}
		if first, ok := decided[r.Current]; ok {
			r.Choice, r.Err = first.Choice, first.Err
		} else {
			r.Choice, r.Err = p.Choose(policy.Request{Current: r.Current, Tags: listed})
			decided[r.Current] = r
		}
		if r.Err == nil && needsDigest(r) {
			r.Digest, r.Err = tags.Digest(ctx, p.Image(), r.Choice.Tag)
		}
	}
}

// needsDigest tells whether a digest belongs to what is written. A reference that
// already pins the wanted tag keeps its digest: a tag that was pushed again under
// the same name isn't an update that anybody asked for. Where a marker gives the tag
// alone, the digest has a place of its own, unless it stands behind the tag already.
func needsDigest(r *Row) bool {
	field := ""
	if r.Reference.Marker != nil {
		field = r.Reference.Marker.Field
	}
	pinned := r.Reference.Digest != ""
	switch {
	case field == "name" || field == "digest":
		return field == "digest"
	case pinned && r.Choice.Tag == r.Current && !r.renamed():
		return false
	}
	return pinned || field == "" && r.Policy.Pin() == policy.PinDigest
}
