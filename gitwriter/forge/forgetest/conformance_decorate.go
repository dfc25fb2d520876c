package forgetest

import (
	"errors"
	"slices"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/forge"
)

func (r run) decorate(number int, d forge.Decoration) forge.PullRequest {
	r.Helper()
	pr, err := r.Forge.Decorate(r.Context(), number, d)
	if err != nil {
		r.Fatalf("Decorate(%d): %v", number, err)
	}
	return pr
}

func createsMilestone(r run) {
	r.Milestone(r.T, "May")
	r.Push(r.T, "planned", "planned.txt")
	pr, err := r.Forge.Create(r.Context(), forge.NewPullRequest{
		Head: "planned", Base: r.Base, Title: "Planned", Decoration: forge.Decoration{Milestone: "May"},
	})
	if err != nil || pr.Milestone != "May" || r.get(pr.Number).Milestone != "May" {
		r.Errorf("Create gave milestone %q, %v, and the list %q", pr.Milestone, err, r.get(pr.Number).Milestone)
	}
	r.Push(r.T, "unplanned", "unplanned.txt")
	pr, err = r.Forge.Create(r.Context(), forge.NewPullRequest{
		Head: "unplanned", Base: r.Base, Title: "Unplanned", Decoration: forge.Decoration{Milestone: "never", Labels: []string{"kept"}},
	})
	if !errors.Is(err, forge.ErrInvalid) || pr.Number == 0 {
		r.Errorf("Create with an unknown milestone gave number %d and error %v, want both, of them ErrInvalid", pr.Number, err)
	}
	if diff := cmp.Diff([]string{"kept"}, r.get(pr.Number).Labels); diff != "" {
		r.Errorf("labels beside an unknown milestone (-want +got):\n%s", diff)
	}
}

func decoratesLabels(r run) {
	pr := r.create("bare")
	for _, test := range []struct{ add, want []string }{
		{[]string{"towline", "dependencies"}, []string{"dependencies", "towline"}},
		{[]string{"towline", "dependencies"}, []string{"dependencies", "towline"}},
		{[]string{"another"}, []string{"another", "dependencies", "towline"}},
		{nil, []string{"another", "dependencies", "towline"}},
	} {
		got := r.decorate(pr.Number, forge.Decoration{Labels: test.add})
		if diff := cmp.Diff(test.want, got.Labels); diff != "" || got.Number != pr.Number {
			r.Errorf("Decorate with %q gave number %d, labels (-want +got):\n%s", test.add, got.Number, diff)
		}
		if diff := cmp.Diff(test.want, r.get(pr.Number).Labels); diff != "" {
			r.Errorf("List, labels (-want +got):\n%s", diff)
		}
	}
}

func decoratesPeople(r run) {
	pr := r.create("lonely")
	for range 2 {
		r.decorate(pr.Number, forge.Decoration{Reviewers: []string{r.Colleague}, Assignees: []string{r.Colleague}})
		reviewers, assignees := r.People(r.T, pr.Number)
		if !slices.Equal(reviewers, []string{r.Colleague}) || !slices.Equal(assignees, []string{r.Colleague}) {
			r.Errorf("reviewers %q and assignees %q, want %q for both", reviewers, assignees, r.Colleague)
		}
	}
	if _, reviews := r.Lacks[HasReviews]; reviews || r.Review == nil {
		return
	}
	r.Review(r.T, pr.Number, true)
	before, _ := r.People(r.T, pr.Number)
	r.decorate(pr.Number, forge.Decoration{Reviewers: []string{r.Colleague}})
	if after, _ := r.People(r.T, pr.Number); !slices.Equal(before, after) {
		r.Errorf("after a review, and Decorate, %q are asked; before Decorate it was %q", after, before)
	}
}

func decoratesMilestone(r run) {
	r.Milestone(r.T, "May")
	r.Milestone(r.T, "June")
	pr := r.create("planned")
	for _, title := range []string{"May", "May", "June"} {
		got := r.decorate(pr.Number, forge.Decoration{Milestone: title})
		if got.Milestone != "May" || r.get(pr.Number).Milestone != "May" {
			r.Errorf("Decorate with %q gave milestone %q, and the list %q; want May", title, got.Milestone, r.get(pr.Number).Milestone)
		}
	}
}

func decoratesInSpite(r run) {
	pr := r.create("half")
	_, err := r.Forge.Decorate(r.Context(), pr.Number, forge.Decoration{
		Reviewers: []string{"there-is-no-such-login", r.Colleague}, Labels: []string{"kept"}, Assignees: []string{r.Colleague},
	})
	if err == nil || forge.Temporary(err) {
		r.Errorf("Decorate with an unknown reviewer gave %v, want an error for good", err)
	}
	reviewers, assignees := r.People(r.T, pr.Number)
	labels := r.get(pr.Number).Labels
	if !slices.Equal(reviewers, []string{r.Colleague}) || !slices.Equal(assignees, []string{r.Colleague}) || !slices.Equal(labels, []string{"kept"}) {
		r.Errorf("beside an unknown reviewer there are reviewers %q, assignees %q, labels %q", reviewers, assignees, labels)
	}
}

func refusesDecoration(r run) {
	if _, err := r.Forge.Decorate(r.Context(), 4242, forge.Decoration{Labels: []string{"x"}}); !errors.Is(err, forge.ErrNotFound) {
		r.Errorf("Decorate gave %v, want ErrNotFound", err)
	}
}
