package forgetest

import (
	"errors"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/forge"
)

func listsNothing(r run) {
	if got := r.list(forge.Filter{}); len(got) != 0 {
		r.Errorf("List gave %d pull requests, want none", len(got))
	}
}

func createsAll(r run) {
	sha := r.Push(r.T, "towline/web", "web.txt")
	before := time.Now().Add(-time.Hour)
	want := forge.PullRequest{
		Title: "Update web", Body: "From 1.0.0 to 1.1.0", Head: "towline/web", Base: r.Base, HeadSHA: sha, State: forge.StateOpen,
	}
	got, err := r.Forge.Create(r.Context(), forge.NewPullRequest{Head: want.Head, Base: want.Base, Title: want.Title, Body: want.Body})
	if err != nil {
		r.Fatalf("Create: %v", err)
	}
	for where, pr := range map[string]forge.PullRequest{"Create": got, "List": r.get(got.Number)} {
		if pr.Number == 0 || pr.URL == "" || pr.Author == "" || pr.CreatedAt.Before(before) || !pr.ClosedAt.IsZero() || pr.MergeSHA != "" {
			r.Errorf("%s gave number %d, URL %q, author %q, created %v, closed %v, merge %q",
				where, pr.Number, pr.URL, pr.Author, pr.CreatedAt, pr.ClosedAt, pr.MergeSHA)
		}
		pr.Number, pr.URL, pr.Author, pr.CreatedAt, pr.UpdatedAt = 0, "", "", time.Time{}, time.Time{}
		if diff := cmp.Diff(want, pr); diff != "" {
			r.Errorf("%s (-want +got):\n%s", where, diff)
		}
	}
}

func createsLabels(r run) {
	want := []string{"dependencies", "towline"}
	for _, head := range []string{"one", "two"} { // the second finds the labels there
		r.Push(r.T, head, head+".txt")
		pr, err := r.Forge.Create(r.Context(), forge.NewPullRequest{
			Head: head, Base: r.Base, Title: "Labels", Decoration: forge.Decoration{Labels: []string{"towline", "dependencies"}},
		})
		if err != nil {
			r.Fatalf("Create: %v", err)
		}
		if diff := cmp.Diff(want, pr.Labels); diff != "" {
			r.Errorf("Create, labels (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, r.get(pr.Number).Labels); diff != "" {
			r.Errorf("List, labels (-want +got):\n%s", diff)
		}
	}
}

func createsPeople(r run) {
	r.Push(r.T, "people", "people.txt")
	pr, err := r.Forge.Create(r.Context(), forge.NewPullRequest{
		Head: "people", Base: r.Base, Title: "People", Decoration: forge.Decoration{Reviewers: []string{r.Colleague}, Assignees: []string{r.Colleague}},
	})
	if err != nil {
		r.Fatalf("Create: %v", err)
	}
	reviewers, assignees := r.People(r.T, pr.Number)
	if !slices.Equal(reviewers, []string{r.Colleague}) || !slices.Equal(assignees, []string{r.Colleague}) {
		r.Errorf("reviewers %q and assignees %q, want %q for both", reviewers, assignees, r.Colleague)
	}

	r.Push(r.T, "nobody", "nobody.txt")
	pr, err = r.Forge.Create(r.Context(), forge.NewPullRequest{
		Head: "nobody", Base: r.Base, Title: "Nobody", Decoration: forge.Decoration{Reviewers: []string{"there-is-no-such-login"}, Labels: []string{"kept"}},
	})
	if err == nil || pr.Number == 0 {
		r.Errorf("Create with an unknown reviewer gave number %d and error %v, want both", pr.Number, err)
	}
	if diff := cmp.Diff([]string{"kept"}, r.get(pr.Number).Labels); diff != "" {
		r.Errorf("labels beside an unknown reviewer (-want +got):\n%s", diff)
	}
}

func keepsText(r run) {
	title := `Update "web" to 1.1.0 <b> & ünïcode 🚢 `
	title = title[:len(title)-1]
	body := "| image | to |\n| --- | --- |\n| `a/b` | **1.1** |\n\n<!-- towline-key: 0123 -->\n\n<script>alert(1)</script> 🚢 \\ % ${x}"
	r.Push(r.T, "text", "text.txt")
	pr, err := r.Forge.Create(r.Context(), forge.NewPullRequest{Head: "text", Base: r.Base, Title: title, Body: body})
	if err != nil {
		r.Fatalf("Create: %v", err)
	}
	for where, got := range map[string]forge.PullRequest{"Create": pr, "List": r.get(pr.Number)} {
		if got.Title != title || got.Body != body {
			r.Errorf("%s gave title %q and body %q, want %q and %q", where, got.Title, got.Body, title, body)
		}
	}
}

func createsDraft(r run) {
	r.Push(r.T, "draft", "draft.txt")
	pr, err := r.Forge.Create(r.Context(), forge.NewPullRequest{Head: "draft", Base: r.Base, Title: "Not yet", Draft: true})
	if err != nil {
		r.Fatalf("Create: %v", err)
	}
	if got := r.get(pr.Number); !pr.Draft || !got.Draft || pr.Title != "Not yet" || got.Title != "Not yet" {
		r.Errorf("Create gave draft %t, title %q; List gave %t, %q", pr.Draft, pr.Title, got.Draft, got.Title)
	}
	if got := r.update(pr.Number, forge.Change{Title: ptr("Still not")}); !got.Draft || got.Title != "Still not" {
		r.Errorf("after Update: draft %t, title %q", got.Draft, got.Title)
	}
}

func refusesDuplicate(r run) {
	first := r.create("twice")
	_, err := r.Forge.Create(r.Context(), forge.NewPullRequest{Head: "twice", Base: r.Base, Title: "Again"})
	if !errors.Is(err, forge.ErrExists) {
		r.Errorf("Create again gave %v, want ErrExists", err)
	}
	if list := r.list(forge.Filter{}); len(list) != 1 || list[0].Title != first.Title {
		r.Errorf("afterwards the list holds %+v, want the first alone", list)
	}
}

func allowsAfterClose(r run) {
	first := r.create("again")
	r.update(first.Number, forge.Change{State: ptr(forge.StateClosed)})
	second, err := r.Forge.Create(r.Context(), forge.NewPullRequest{Head: "again", Base: r.Base, Title: "Again"})
	if err != nil || second.Number == first.Number {
		r.Errorf("Create after closing gave number %d (the first was %d), error %v", second.Number, first.Number, err)
	}
}

func refusesMissing(r run) {
	r.Push(r.T, "there", "there.txt")
	for name, pr := range map[string]forge.NewPullRequest{
		"head": {Head: "not-there", Base: r.Base, Title: "No head"},
		"base": {Head: "there", Base: "not-there", Title: "No base"},
	} {
		if _, err := r.Forge.Create(r.Context(), pr); !errors.Is(err, forge.ErrInvalid) {
			r.Errorf("Create with a missing %s gave %v, want ErrInvalid", name, err)
		}
	}
}

func refusesEmpty(r run) {
	pr := r.create("old")
	r.Merge(r.T, pr.Number)
	_, err := r.Forge.Create(r.Context(), forge.NewPullRequest{Head: "old", Base: r.Base, Title: "Nothing"})
	if !errors.Is(err, forge.ErrInvalid) {
		r.Errorf("Create without commits gave %v, want ErrInvalid", err)
	}
}
