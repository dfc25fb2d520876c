package forgetest

import (
	"errors"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/forge"
)

func (r run) openIssue(issue forge.NewIssue) forge.Issue {
	r.Helper()
	got, err := r.Forge.CreateIssue(r.Context(), issue)
	if err != nil {
		r.Fatalf("CreateIssue: %v", err)
	}
	return got
}

func (r run) listIssues(label string) []forge.Issue {
	r.Helper()
	list, err := r.Forge.ListIssues(r.Context(), label)
	if err != nil {
		r.Fatalf("ListIssues(%q): %v", label, err)
	}
	return list
}

// untimed leaves out what differs from call to call.
func untimed(list ...forge.Issue) []forge.Issue {
	var out []forge.Issue
	for _, issue := range list {
		issue.UpdatedAt = time.Time{}
		out = append(out, issue)
	}
	return out
}

func keepsIssues(r run) {
	body := "- [ ] release `web`\n- [x] done\n\n<!-- towline: 1 --> 🚢"
	first := r.openIssue(forge.NewIssue{Title: "Dashboard", Body: body, Labels: []string{"towline", "bot"}})
	want := forge.Issue{
		Number: first.Number, URL: first.URL, Title: "Dashboard", Body: body, State: forge.StateOpen, Author: first.Author, Labels: []string{"bot", "towline"},
	}
	if first.Number == 0 || first.URL == "" || first.Author == "" || first.UpdatedAt.IsZero() {
		r.Errorf("CreateIssue gave %+v", first)
	}
	second := r.openIssue(forge.NewIssue{Title: "Another", Labels: []string{"towline"}})
	r.openIssue(forge.NewIssue{Title: "Unlabelled"})
	got, err := r.Forge.Issue(r.Context(), first.Number)
	if diff := cmp.Diff(untimed(want, want), untimed(first, got)); diff != "" || err != nil {
		r.Errorf("CreateIssue and Issue, error %v (-want +got):\n%s", err, diff)
	}
	if diff := cmp.Diff(untimed(second, want), untimed(r.listIssues("towline")...)); diff != "" {
		r.Errorf("ListIssues (-want +got):\n%s", diff)
	}
	if list := r.listIssues("no-such-label"); len(list) != 0 {
		r.Errorf("ListIssues of another label gave %+v", list)
	}
	want.Body = "Changed."
	got, err = r.Forge.UpdateIssue(r.Context(), first.Number, forge.Change{Body: &want.Body})
	if diff := cmp.Diff(untimed(want), untimed(got)); diff != "" || err != nil {
		r.Errorf("UpdateIssue, error %v (-want +got):\n%s", err, diff)
	}
	got, err = r.Forge.UpdateIssue(r.Context(), first.Number, forge.Change{State: ptr(forge.StateClosed)})
	if err != nil || got.State != forge.StateClosed || got.Body != want.Body {
		r.Errorf("closing gave %+v, %v", got, err)
	}
	if diff := cmp.Diff(untimed(second), untimed(r.listIssues("towline")...)); diff != "" {
		r.Errorf("ListIssues after closing (-want +got):\n%s", diff)
	}
}

func keepsIssuesApart(r run) {
	pr := r.create("apart")
	r.decorate(pr.Number, forge.Decoration{Labels: []string{"towline"}})
	if list := r.listIssues("towline"); len(list) != 0 {
		r.Errorf("ListIssues gave a pull request: %+v", list)
	}
	issue := r.openIssue(forge.NewIssue{Title: "Issue", Labels: []string{"towline"}})
	for _, pull := range r.list(forge.Filter{}) {
		if pull.Number != pr.Number || pull.Title == issue.Title {
			r.Errorf("List gave an issue: %+v", pull)
		}
	}
	if list := r.listIssues("towline"); len(list) != 1 || list[0].Number != issue.Number {
		r.Errorf("ListIssues gave %+v, want number %d", list, issue.Number)
	}
}

func refusesIssue(r run) {
	if _, err := r.Forge.Issue(r.Context(), 4242); !errors.Is(err, forge.ErrNotFound) {
		r.Errorf("Issue gave %v, want ErrNotFound", err)
	}
	if _, err := r.Forge.UpdateIssue(r.Context(), 4242, forge.Change{Body: ptr("x")}); !errors.Is(err, forge.ErrNotFound) {
		r.Errorf("UpdateIssue gave %v, want ErrNotFound", err)
	}
}
