package forgetest

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/forge"
)

func numbers(list []forge.PullRequest) []int {
	var out []int
	for _, pr := range list {
		out = append(out, pr.Number)
	}
	return out
}

func filters(r run) {
	open := r.create("towline/a").Number
	closed := r.create("towline/b").Number
	merged := r.create("towline/ab").Number
	r.update(closed, forge.Change{State: ptr(forge.StateClosed)})
	r.Merge(r.T, merged)
	for _, test := range []struct {
		filter forge.Filter
		want   []int
	}{
		{forge.Filter{}, []int{merged, closed, open}},
		{forge.Filter{State: forge.StateOpen}, []int{open}},
		{forge.Filter{State: forge.StateClosed}, []int{closed}},
		{forge.Filter{State: forge.StateMerged}, []int{merged}},
		{forge.Filter{Head: "towline/a"}, []int{open}},
		{forge.Filter{Head: "towline/b"}, []int{closed}},
		{forge.Filter{Head: "towline"}, nil},
		{forge.Filter{Head: "b"}, nil},
		{forge.Filter{Base: r.Base, State: forge.StateClosed}, []int{closed}},
		{forge.Filter{Base: "elsewhere"}, nil},
		{forge.Filter{Head: "towline/a", State: forge.StateMerged}, nil},
	} {
		if diff := cmp.Diff(test.want, numbers(r.list(test.filter))); diff != "" {
			r.Errorf("List(%+v) (-want +got):\n%s", test.filter, diff)
		}
	}
}

func listsAllPages(r run) {
	r.Push(r.T, "many", "many.txt")
	var want []int
	for i := range r.PageSize + 1 { // the last page holds one
		pr, err := r.Forge.Create(r.Context(), forge.NewPullRequest{Head: "many", Base: r.Base, Title: fmt.Sprint("Number ", i)})
		if err != nil {
			r.Fatalf("Create: %v", err)
		}
		want = append([]int{pr.Number}, want...)
		r.update(pr.Number, forge.Change{State: ptr(forge.StateClosed)})
	}
	if diff := cmp.Diff(want, numbers(r.list(forge.Filter{Head: "many"}))); diff != "" {
		r.Errorf("List (-want +got):\n%s", diff)
	}
}

func updates(r run) {
	pr := r.create("edit")
	for _, test := range []struct {
		name        string
		change      forge.Change
		title, body string
	}{
		{"title", forge.Change{Title: ptr("Second title")}, "Second title", pr.Body},
		{"body", forge.Change{Body: ptr("Second body")}, "Second title", "Second body"},
		{"both", forge.Change{Title: ptr("Third"), Body: ptr("Third")}, "Third", "Third"},
		{"empty body", forge.Change{Body: ptr("")}, "Third", ""},
		{"nothing", forge.Change{}, "Third", ""},
	} {
		for where, got := range map[string]forge.PullRequest{"Update": r.update(pr.Number, test.change), "List": r.get(pr.Number)} {
			if got.Title != test.title || got.Body != test.body || got.State != forge.StateOpen || got.Number != pr.Number {
				r.Errorf("%s, %s: number %d, title %q, body %q, state %q; want %d, %q, %q, open",
					test.name, where, got.Number, got.Title, got.Body, got.State, pr.Number, test.title, test.body)
			}
		}
	}
}

func closesAndReopens(r run) {
	pr := r.create("door")
	closed := r.update(pr.Number, forge.Change{State: ptr(forge.StateClosed)})
	if closed.State != forge.StateClosed || closed.ClosedAt.IsZero() || r.get(pr.Number).State != forge.StateClosed {
		r.Errorf("after closing: state %q, closed at %v", closed.State, closed.ClosedAt)
	}
	opened := r.update(pr.Number, forge.Change{State: ptr(forge.StateOpen)})
	if opened.State != forge.StateOpen || r.get(pr.Number).State != forge.StateOpen {
		r.Errorf("after opening again: state %q", opened.State)
	}
}

func refusesUpdate(r run) {
	for name, change := range map[string]forge.Change{"title": {Title: ptr("x")}, "state": {State: ptr(forge.StateClosed)}} {
		if _, err := r.Forge.Update(r.Context(), 4242, change); !errors.Is(err, forge.ErrNotFound) {
			r.Errorf("Update(%s) gave %v, want ErrNotFound", name, err)
		}
	}
}

func refusesMergeByUpdate(r run) {
	pr := r.create("no-merge")
	if _, err := r.Forge.Update(r.Context(), pr.Number, forge.Change{State: ptr(forge.StateMerged)}); !errors.Is(err, forge.ErrInvalid) {
		r.Errorf("Update to merged gave %v, want ErrInvalid", err)
	}
	if got := r.get(pr.Number).State; got != forge.StateOpen {
		r.Errorf("afterwards it is %q, want open", got)
	}
}

func tellsMerged(r run) {
	pr := r.create("merge-me")
	sha := r.Merge(r.T, pr.Number)
	got := r.get(pr.Number)
	if got.State != forge.StateMerged || got.MergeSHA != sha || got.ClosedAt.IsZero() || got.HeadSHA != pr.HeadSHA {
		r.Errorf("after the merge as %s: state %q, merge %q, closed at %v, head %s (was %s)", sha, got.State, got.MergeSHA, got.ClosedAt, got.HeadSHA, pr.HeadSHA)
	}
}

func remembersHead(r run) {
	merged := r.create("gone/merged")
	closed := r.create("gone/closed")
	r.Merge(r.T, merged.Number)
	r.update(closed.Number, forge.Change{State: ptr(forge.StateClosed)})
	r.DeleteBranch(r.T, "gone/merged")
	r.DeleteBranch(r.T, "gone/closed")
	for _, pr := range []forge.PullRequest{merged, closed} {
		got := r.list(forge.Filter{Head: pr.Head})
		if len(got) != 1 || got[0].Number != pr.Number || got[0].HeadSHA != pr.HeadSHA {
			r.Errorf("List of head %q gave %+v, want number %d at %s", pr.Head, got, pr.Number, pr.HeadSHA)
		}
	}
}

func followsHead(r run) {
	pr := r.create("moves")
	sha := r.Push(r.T, "moves", "another.txt")
	if got := r.get(pr.Number).HeadSHA; got != sha || sha == pr.HeadSHA {
		r.Errorf("after the push the head is %s, want %s (before: %s)", got, sha, pr.HeadSHA)
	}
}

func comments(r run) {
	pr := r.create("talk")
	want := []string{"First.", "Second, with `code` and\n\ntwo paragraphs. 🚢"}
	for _, body := range want {
		if err := r.Forge.Comment(r.Context(), pr.Number, body); err != nil {
			r.Fatalf("Comment: %v", err)
		}
	}
	if diff := cmp.Diff(want, r.Comments(r.T, pr.Number)); diff != "" {
		r.Errorf("comments (-want +got):\n%s", diff)
	}
}

func refusesComment(r run) {
	if err := r.Forge.Comment(r.Context(), 4242, "Hello?"); !errors.Is(err, forge.ErrNotFound) {
		r.Errorf("Comment gave %v, want ErrNotFound", err)
	}
}

func (r run) status(sha string, status forge.Status) {
	r.Helper()
	if err := r.Forge.SetStatus(r.Context(), sha, status); err != nil {
		r.Fatalf("SetStatus: %v", err)
	}
}

func setsStatuses(r run) {
	sha := r.Push(r.T, "marked", "marked.txt")
	shop := forge.Status{Context: "towline/shop", State: forge.StatusSuccess, Description: "applied 3 objects", URL: "http://localhost/shop"}
	first := shop
	first.State = forge.StatusPending
	infra := forge.Status{Context: "towline/infra", State: forge.StatusFailure, Description: "1 of 2 unhealthy"}
	broken := forge.Status{Context: "towline/broken", State: forge.StatusError}
	for _, status := range []forge.Status{first, infra, broken, shop} {
		r.status(sha, status)
	}
	if _, lacking := r.Lacks[TellsErrors]; lacking {
		broken.State = forge.StatusFailure
	}
	want := map[string]forge.Status{shop.Context: shop, infra.Context: infra, broken.Context: broken}
	if diff := cmp.Diff(want, r.Statuses(r.T, sha)); diff != "" {
		r.Errorf("statuses (-want +got):\n%s", diff)
	}
}

func cutsDescription(r run) {
	sha := r.Push(r.T, "long", "long.txt")
	long := strings.Repeat("häuser ", 100)
	r.status(sha, forge.Status{Context: "long", State: forge.StatusPending, Description: long})
	got := r.Statuses(r.T, sha)["long"].Description
	if !utf8.ValidString(got) || len(got) > forge.MaxDescription || len(got) < forge.MaxDescription/2 ||
		!strings.HasPrefix(long, strings.TrimSuffix(got, "…")) {
		r.Errorf("the description became %q", got)
	}
}

func refusesStatus(r run) {
	err := r.Forge.SetStatus(r.Context(), strings.Repeat("0123456789", 4), forge.Status{Context: "x", State: forge.StatusSuccess})
	if !errors.Is(err, forge.ErrInvalid) {
		r.Errorf("SetStatus gave %v, want ErrInvalid", err)
	}
}
