package forgetest

import (
	"errors"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/forge"
)

// later tells whether a is later than b by a second's clock, as many servers have it.
func later(a, b time.Time) bool { return second(a).After(second(b)) }

// listsSince changes the older of two until the server shows that by its time.
func listsSince(r run) {
	older, newer := r.create("a"), r.create("b")
	for older = r.get(older.Number); !later(older.UpdatedAt, newer.UpdatedAt); older = r.get(older.Number) {
		r.update(older.Number, forge.Change{Body: ptr("Changed at " + time.Now().String())})
	}
	for _, test := range []struct {
		name  string
		since time.Time
		want  []int
	}{
		{"never", time.Time{}, []int{newer.Number, older.Number}},
		{"the first change", newer.UpdatedAt, []int{newer.Number, older.Number}},
		{"the last change", older.UpdatedAt, []int{older.Number}},
		{"later", older.UpdatedAt.Add(time.Hour), nil},
	} {
		if diff := cmp.Diff(test.want, numbers(r.list(forge.Filter{Since: test.since}))); diff != "" {
			r.Errorf("since %s (-want +got):\n%s", test.name, diff)
		}
	}
	if got := r.list(forge.Filter{Since: older.UpdatedAt, Head: "b"}); len(got) != 0 {
		r.Errorf("since the last change from another head: %+v", got)
	}
}

func listsNothingNew(r run) {
	for i := range r.PageSize + 1 {
		r.create("branch-" + string(rune('a'+i)))
	}
	future := time.Now().Add(time.Hour)
	before := r.Requests()
	if got := r.list(forge.Filter{Since: future}); len(got) != 0 {
		r.Errorf("List gave %d pull requests from the future", len(got))
	}
	if got := r.Requests() - before; got != 1 {
		r.Errorf("that took %d requests, want 1", got)
	}
}

func (r run) comments(number int, since time.Time) []forge.Comment {
	r.Helper()
	list, err := r.Forge.Comments(r.Context(), number, since)
	if err != nil {
		r.Fatalf("Comments(%d): %v", number, err)
	}
	return list
}

func bodies(list []forge.Comment) []string {
	var out []string
	for _, c := range list {
		out = append(out, c.Body)
	}
	return out
}

func tellsComments(r run) {
	pr := r.create("talk")
	if got := r.comments(pr.Number, time.Time{}); len(got) != 0 {
		r.Errorf("Comments gave %+v before there were any", got)
	}
	before := time.Now().Add(-time.Hour)
	want := []string{"First.", "/towline hold 7d\n\nwith `more` 🚢"}
	for _, body := range want {
		if err := r.Forge.Comment(r.Context(), pr.Number, body); err != nil {
			r.Fatalf("Comment: %v", err)
		}
	}
	got := r.comments(pr.Number, time.Time{})
	if diff := cmp.Diff(want, bodies(got)); diff != "" {
		r.Fatalf("comments (-want +got):\n%s", diff)
	}
	for _, c := range got {
		if c.ID == 0 || c.Author != pr.Author || c.CreatedAt.Before(before) || c.UpdatedAt.Before(c.CreatedAt) {
			r.Errorf("a comment by %q, want %q: %+v", c.Author, pr.Author, c)
		}
	}
	if got[0].ID == got[1].ID {
		r.Errorf("both have the ID %d", got[0].ID)
	}
}

func tellsCommentsSince(r run) {
	pr := r.create("talk")
	for _, body := range []string{"first", "second"} {
		if err := r.Forge.Comment(r.Context(), pr.Number, body); err != nil {
			r.Fatalf("Comment: %v", err)
		}
	}
	all := r.comments(pr.Number, time.Time{})
	last := all[1].UpdatedAt
	for changed := all[0]; !later(changed.UpdatedAt, last); changed = r.comments(pr.Number, time.Time{})[0] {
		r.EditComment(r.T, pr.Number, changed.ID, "changed at "+time.Now().String())
	}
	changed := r.comments(pr.Number, time.Time{})[0]
	if got := r.comments(pr.Number, changed.UpdatedAt); len(got) != 1 || got[0].ID != changed.ID || got[0].Body != changed.Body {
		r.Errorf("since the change: %+v, want the changed one", got)
	}
	if got := r.comments(pr.Number, changed.UpdatedAt.Add(time.Hour)); len(got) != 0 {
		r.Errorf("from the future: %+v", got)
	}
}

func refusesComments(r run) {
	if _, err := r.Forge.Comments(r.Context(), 4242, time.Time{}); !errors.Is(err, forge.ErrNotFound) {
		r.Errorf("Comments gave %v, want ErrNotFound", err)
	}
}

func tellsPermissions(r run) {
	for _, test := range []struct {
		who, login string
		want       []forge.Permission
	}{
		{"the owner", r.Owner, []forge.Permission{forge.PermissionAdmin}},
		{"a colleague", r.Colleague, []forge.Permission{forge.PermissionWrite}},
		{"a stranger", r.Stranger, []forge.Permission{forge.PermissionNone, forge.PermissionRead}},
	} {
		got, err := r.Forge.Permission(r.Context(), test.login)
		if err != nil || !slices.Contains(test.want, got) {
			r.Errorf("Permission of %s, %q, gave %d, %v; want one of %d", test.who, test.login, got, err, test.want)
		}
	}
}

func tellsNobody(r run) {
	for _, login := range []string{"there-is-no-such-login", "", "../../..", "a/b", "a?b=c", "ü"} {
		got, err := r.Forge.Permission(r.Context(), login)
		if err != nil || got != forge.PermissionNone {
			r.Errorf("Permission of %q gave %d, %v, want none", login, got, err)
		}
	}
}

func linksPages(r run) {
	pr := r.create("linked")
	l := r.Forge.Links()
	for name, address := range map[string]string{
		"file": l.File(pr.HeadSHA, "linked.txt", 0), "line": l.File(pr.HeadSHA, "linked.txt", 1),
		"compare": l.Compare(r.Base, "linked"), "commit": l.Commit(pr.HeadSHA), "pull request": l.PullRequest(pr.Number),
	} {
		if status := r.Fetch(r.T, address); status != 200 {
			r.Errorf("the page of the %s, %s, answers %d", name, address, status)
		}
	}
	if got := l.PullRequest(pr.Number); got != pr.URL {
		r.Errorf("the pull request is at %s, and linked to at %s", pr.URL, got)
	}
	if status := r.Fetch(r.T, l.File(pr.HeadSHA, "not-there.txt", 0)); status == 200 {
		r.Error("any page answers 200")
	}
}
