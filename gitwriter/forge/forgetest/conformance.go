package forgetest

import (
	"testing"

	"github.com/towline-dev/towline/gitwriter/forge"
)

// run is one point of the suite, on a harness of its own.
type run struct {
	*testing.T
	Harness
}

// point is one line of the suite.
type point struct {
	name  string
	needs Capability
	run   func(run)
	has   func(Harness) bool // the functions that it needs are there; nil: it needs none
}

// Conformance runs the suite that each implementation of forge.Forge passes. The
// function makes a harness with a fresh repository each time.
func Conformance(t *testing.T, harness func(*testing.T) Harness) {
	for _, p := range points() {
		t.Run(p.name, func(t *testing.T) {
			h := harness(t)
			if why, lacking := h.Lacks[p.needs]; lacking && p.needs != "" {
				t.Skipf("left out: the server doesn't do this point (%s): %s", p.needs, why)
			}
			if p.has != nil && !p.has(h) {
				t.Skip("left out: the harness has no function that this point needs")
			}
			p.run(run{T: t, Harness: h})
		})
	}
}

// create opens a pull request from a branch made for it.
func (r run) create(head string) forge.PullRequest {
	r.Helper()
	r.Push(r.T, head, head+".txt")
	pr, err := r.Forge.Create(r.Context(), forge.NewPullRequest{Head: head, Base: r.Base, Title: "From " + head, Body: "Body of " + head})
	if err != nil {
		r.Fatalf("Create: %v", err)
	}
	return pr
}

func (r run) list(filter forge.Filter) []forge.PullRequest {
	r.Helper()
	list, err := r.Forge.List(r.Context(), filter)
	if err != nil {
		r.Fatalf("List(%+v): %v", filter, err)
	}
	return list
}

// get finds a pull request in the list of all.
func (r run) get(number int) forge.PullRequest {
	r.Helper()
	for _, pr := range r.list(forge.Filter{}) {
		if pr.Number == number {
			return pr
		}
	}
	r.Fatalf("List has no pull request %d", number)
	return forge.PullRequest{}
}

func (r run) update(number int, change forge.Change) forge.PullRequest {
	r.Helper()
	pr, err := r.Forge.Update(r.Context(), number, change)
	if err != nil {
		r.Fatalf("Update(%d): %v", number, err)
	}
	return pr
}

func ptr[T any](value T) *T { return &value }
