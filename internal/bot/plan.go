package bot

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/policy"
	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/signature"
)

// Tags is what the bot asks of registries. *registry.Round implements it, so that
// one round lists a repository once, however many policies name it.
type Tags interface {
	Tags(ctx context.Context, repository string) ([]string, error)
	Digest(ctx context.Context, repository, tag string) (string, error)
	Describe(ctx context.Context, repository, reference string) (registry.Description, error)
	signature.Source
}

// Look is how a tree is looked at.
type Look struct {
	// Tags are the registries' answers.
	Tags Tags
	// Due admits the policies to look at; the default is all.
	Due func(*policy.Policy) bool
	// Knowledge tells what policies ask of images beside their tags. The default
	// knows no ledger and no signatures.
	Knowledge *Knowledge
	// Moved finds the last change of a reference's tag in the history of the branch.
	// The default knows none: a tree outside of Git has no history.
	Moved func(ctx context.Context, ref edit.Reference) (Move, bool, error)
	// Released tells whether somebody released a version that a person had moved away
	// from, outside of the policy. The default is that nobody did.
	Released func(image, tag string) bool
	// Complete is told, from any goroutine, of each group as soon as all of the policies
	// that are due and may add to it have been decided, with its rows. The default is
	// nobody.
	Complete func(Group, []Row)
	// Now is the time by which ages are measured; the default is time.Now().
	Now time.Time
}

// hostWorkers is how many policies of one registry host are looked at side by side.
// Each host has its own, so that one that hangs holds nobody else up; how many
// requests it gets at a time is the registry client's own concern.
const hostWorkers = 64

func (l Look) withDefaults() Look {
	if l.Due == nil {
		l.Due = Every
	}
	if l.Knowledge == nil {
		l.Knowledge = NewKnowledge(KnowledgeConfig{})
	}
	if l.Now.IsZero() {
		l.Now = time.Now()
	}
	return l
}

// Row is one reference with what its policy wants there.
type Row struct {
	Policy    *policy.Policy
	Reference edit.Reference
	Current   string        // tag that stands there, "" where none does
	Choice    policy.Choice // what is wanted; the zero value when Err is set
	Digest    string        // of the wanted tag, where the reference or the policy pins it
	Err       error         // why nothing could be chosen
	Held      *Held         // the version that a person moved away from, where the policy wants it or a newer one

	file     *File
	group    Group
	released bool // a person moved away from a version, and it is released
}

// Changed tells whether the reference must be rewritten.
func (r Row) Changed() bool {
	if r.Err != nil || r.Choice.Tag == "" || r.Choice.Keep {
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

// Plan scans the registries for the policies that are due and chooses a tag for each
// of their references. A policy that fails stands in Failed with its rows' Err set;
// the others go on.
func (t *Tree) Plan(ctx context.Context, look Look) (*Plan, error) {
	look = look.withDefaults()
	rows := t.rows(look.Due)
	byPolicy := map[*policy.Policy][]*Row{}
	for i := range rows {
		byPolicy[rows[i].Policy] = append(byPolicy[rows[i].Policy], &rows[i])
	}
	groups := newTally(t, slices.Collect(maps.Keys(byPolicy)), look.Complete)
	byHost := map[string][]func(){}
	for p, mine := range byPolicy {
		d := &decider{look: look, tree: t, policy: p}
		host, _, _ := strings.Cut(edit.CanonicalImage(p.Image()), "/")
		byHost[host] = append(byHost[host], func() {
			d.decide(ctx, mine)
			groups.decided(p, mine)
		})
	}
	var hosts sync.WaitGroup
	for _, policies := range byHost {
		hosts.Go(func() { sideBySide(policies) })
	}
	hosts.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return t.plan(rows), nil
}

// sideBySide looks at the policies of one host. What fails stands in their rows.
func sideBySide(policies []func()) {
	slots := make(chan struct{}, hostWorkers)
	var work sync.WaitGroup
	for _, look := range policies {
		slots <- struct{}{}
		work.Go(func() {
			defer func() { <-slots }()
			look()
		})
	}
	work.Wait()
}

// rows gives a row for each reference whose policy is due, by file and place.
func (t *Tree) rows(due func(*policy.Policy) bool) []Row {
	admitted := map[*policy.Policy]bool{}
	for _, p := range t.Policies {
		admitted[p] = due(p)
	}
	uses, n := t.matches().uses, 0
	for _, u := range uses {
		if admitted[u.policy] {
			n++
		}
	}
	rows := make([]Row, 0, n)
	for _, u := range uses {
		if admitted[u.policy] {
			rows = append(rows, Row{Policy: u.policy, Reference: *u.ref, Current: u.current, file: u.file})
		}
	}
	return rows
}

// plan gathers what was found.
func (t *Tree) plan(rows []Row) *Plan {
	plan := &Plan{Tree: t, Rows: rows, Failed: map[string]error{}, Problems: slices.Concat(t.Problems, t.matches().problems).Sorted()}
	for i := range rows {
		var none *policy.NoChoice
		if err := rows[i].Err; err != nil && !errors.As(err, &none) {
			plan.Failed[rows[i].Policy.Key()] = err
		}
	}
	return plan
}
