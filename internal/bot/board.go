package bot

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/dashboard"
	"github.com/towline-dev/towline/policy"
)

// board gathers, round by round, what a repository's dashboard shows: a round looks at
// some policies only.
type board struct {
	wanted   map[Group]bool // what Git hasn't got yet, whether or not it is proposed
	updates  map[Group]dashboard.Update
	limited  map[Group]dashboard.Waiting
	held     map[string][]dashboard.Held    // by policy
	young    map[string][]dashboard.Waiting // by policy
	failures map[string]dashboard.Failure   // by subject
}

func newBoard() board {
	return board{
		wanted: map[Group]bool{}, updates: map[Group]dashboard.Update{}, limited: map[Group]dashboard.Waiting{},
		held: map[string][]dashboard.Held{}, young: map[string][]dashboard.Waiting{}, failures: map[string]dashboard.Failure{},
	}
}

// note takes up what a round found, and lets go of what isn't so any more.
func (b *board) note(r *round, now time.Time) {
	policies, groups := map[string]*policy.Policy{}, r.tree.layout().makers
	for _, p := range r.tree.Policies {
		policies[p.Key()] = p
		if r.sure([]*policy.Policy{p}) {
			delete(b.held, p.Key())
			delete(b.young, p.Key())
		}
	}
	gone := func(g Group) bool {
		_, written := r.written[g]
		return len(groups[g]) == 0 || !written && r.sure(groups[g])
	}
	maps.DeleteFunc(b.wanted, func(g Group, _ bool) bool { return gone(g) })
	maps.DeleteFunc(b.updates, func(g Group, _ dashboard.Update) bool { return gone(g) })
	maps.DeleteFunc(b.limited, func(g Group, _ dashboard.Waiting) bool { return gone(g) })
	maps.DeleteFunc(b.held, func(key string, _ []dashboard.Held) bool { return policies[key] == nil })
	maps.DeleteFunc(b.young, func(key string, _ []dashboard.Waiting) bool { return policies[key] == nil })
	for g, result := range r.written {
		b.wrote(g, result)
	}
	for _, row := range r.plan.Rows {
		b.row(row)
	}
	b.fail(r, policies, now)
}

// wrote notes what became of an update.
func (b *board) wrote(g Group, result gitwriter.Result) {
	if result.Err != nil {
		b.wanted[g] = true
		return // it is as it was, and stands among the failures
	}
	switch result.Action {
	case gitwriter.ActionNothing, gitwriter.ActionCommitted, gitwriter.ActionMerged, gitwriter.ActionClosed:
		delete(b.wanted, g)
	default:
		b.wanted[g] = true
	}
	delete(b.updates, g)
	delete(b.limited, g)
	title := cmp.Or(titleOf(result.Changes), g.Name)
	if pull := result.PullRequest; pull != nil {
		title = pull.Title
	}
	if result.Action == gitwriter.ActionWaiting {
		b.limited[g] = dashboard.Waiting{Group: g.Name, Title: title, Reason: result.Reason}
	}
	if pull := result.PullRequest; pull != nil {
		b.updates[g] = dashboard.Update{
			Key: result.Key, Group: g.Name, Title: title, Number: pull.Number, URL: pull.URL,
			State: stateOf(result), Reason: result.Reason,
		}
	}
}

// titleOf names what an update without a pull request brings.
func titleOf(changes []gitwriter.Change) string {
	const most = 3
	var steps []string
	versions := versionsOf(changes)
	for _, image := range sortedKeys(versions) {
		steps = append(steps, image+" "+versions[image])
	}
	if n := len(steps); n > most {
		steps = append(steps[:most], fmt.Sprintf("and %d more", n-most))
	}
	return strings.Join(steps, ", ")
}

// stateOf is what the dashboard says of a pull request.
func stateOf(result gitwriter.Result) string {
	switch result.Action {
	case gitwriter.ActionCreated, gitwriter.ActionUpdated, gitwriter.ActionUnchanged:
		return "open"
	case gitwriter.ActionClosedByPerson:
		return string(result.PullRequest.State)
	}
	return string(result.Action) // frozen, held, waiting, closed, merged
}

// row notes what is held and what is too young.
func (b *board) row(r Row) {
	key := r.Policy.Key()
	if h := r.Held; h != nil && !r.ended() {
		held := dashboard.Held{Image: r.Policy.Image(), Current: r.Current, Tag: h.Tag,
			Commit: string(h.Move.Commit), Author: h.Move.Author, Since: h.Move.When.UTC()}
		if !slices.Contains(b.held[key], held) {
			b.held[key] = append(b.held[key], held)
		}
	}
	for _, c := range r.Choice.Waiting {
		if c.Until.IsZero() {
			continue
		}
		w := dashboard.Waiting{
			Group: r.Policy.Key(), Title: fmt.Sprintf("%s %s", r.Policy.Image(), c.Tag),
			Reason: "is old enough on " + c.Until.UTC().Format("Mon 2006-01-02 15:04 MST"),
		}
		if !slices.Contains(b.young[key], w) {
			b.young[key] = append(b.young[key], w)
		}
	}
}

// fail notes what fails, with since when. A reason stays as it was first told while only
// its numbers change, so that the dashboard isn't written anew each round.
func (b *board) fail(r *round, policies map[string]*policy.Policy, now time.Time) {
	failed := maps.Clone(r.failed)
	for _, row := range r.plan.Rows {
		at := slices.IndexFunc(r.refused, func(p policy.Problem) bool { return p.File == row.Reference.File })
		if at >= 0 && row.Changed() && failed[row.Policy.Key()] == nil {
			failed[row.Policy.Key()] = r.refused[at]
		}
	}
	for subject := range b.failures {
		if _, still := failed[subject]; !still && r.examined(subject) {
			delete(b.failures, subject)
		}
	}
	for subject, err := range failed {
		failure := dashboard.Failure{Policy: subject, Reason: err.Error(), Since: now.UTC().Truncate(time.Second)}
		if p := policies[subject]; p != nil {
			failure.Place = p.Position.String()
		}
		if old, known := b.failures[subject]; known {
			failure.Since = old.Since
			if withoutNumbers(old.Reason) == withoutNumbers(failure.Reason) {
				failure.Reason = old.Reason
			}
		}
		b.failures[subject] = failure
	}
}

// data gives all of it in an order that stays.
func (b *board) data() dashboard.Data {
	var d dashboard.Data
	for _, g := range slices.SortedFunc(maps.Keys(b.updates), compareGroups) {
		d.Updates = append(d.Updates, b.updates[g])
	}
	for _, key := range sortedKeys(b.held) {
		d.Held = append(d.Held, b.held[key]...)
	}
	for _, g := range slices.SortedFunc(maps.Keys(b.limited), compareGroups) {
		d.Waiting = append(d.Waiting, b.limited[g])
	}
	for _, key := range sortedKeys(b.young) {
		d.Waiting = append(d.Waiting, b.young[key]...)
	}
	d.Failures = slices.SortedFunc(maps.Values(b.failures), func(a, b dashboard.Failure) int { return cmp.Compare(a.Policy, b.Policy) })
	return d
}

// withoutNumbers keeps of a reason what says which it is.
func withoutNumbers(text string) string {
	return string(slices.DeleteFunc([]rune(text), func(r rune) bool { return '0' <= r && r <= '9' }))
}

// show brings the dashboard up to date, where the repository wants one.
func (w *worker) show(ctx context.Context, r *round) {
	w.board.note(r, w.now())
	if !w.home.Config.Dashboard.Enabled {
		return
	}
	if err := r.session.Show(ctx, w.board.data()); err != nil {
		r.failed[dashboardSubject] = fmt.Errorf("showing the dashboard: %w", err)
	}
}

// dashboardSubject is what fails where the dashboard can't be shown.
const dashboardSubject = "the dashboard"
