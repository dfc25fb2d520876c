package dashboard_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/towline-dev/towline/gitwriter/dashboard"
)

func data() dashboard.Data {
	at := time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)
	pull := func(n int) string { return fmt.Sprintf("https://git.example.com/acme/deploy/pulls/%d", n) }
	return dashboard.Data{
		Scope: "apps/shop",
		Updates: []dashboard.Update{
			{Key: strings.Repeat("b2", 32), Group: "web", Title: "Update web to 1.3.0", Number: 12, URL: pull(12), State: dashboard.StateOpen},
			{Key: strings.Repeat("a1", 32), Group: "shop/db", Title: "Update postgres to 16.4", Number: 9, URL: pull(9), State: dashboard.StateFrozen, Reason: "ann committed to its branch"},
			{Key: strings.Repeat("c3", 32), Group: "cache", Title: "Update redis to 7.4.1", Number: 7, URL: pull(7), State: dashboard.StateHeld, Reason: "ann holds the pull request as it is, until 2026-12-01 12:00 UTC"},
			{Key: strings.Repeat("d4", 32), Group: "mail", Title: "Update mail to 2.0.0", Number: 5, URL: pull(5), State: dashboard.StateClosed, Reason: "pull request #5 proposed these versions and was closed"},
		},
		Held: []dashboard.Held{{
			Image: "ghcr.io/acme/api", Current: "4.1.0", Tag: "4.2.0", Commit: "0123abcd0123abcd0123abcd0123abcd0123abcd",
			CommitURL: "https://git.example.com/acme/deploy/commit/0123abcd0123abcd0123abcd0123abcd0123abcd", Author: "Ann Example", Since: at,
		}},
		Waiting: []dashboard.Waiting{
			{Group: "proxy", Title: "Update proxy to 3.1.4", Reason: "the window opens on Mon 2026-11-30 09:00 CET"},
			{Group: "blog", Title: "Update blog to 1.0.1", Reason: "10 pull requests are open"},
		},
		Failures: []dashboard.Failure{{Policy: "shop/search", Place: "apps/search/policy.yaml:1:1", Reason: "listing tags of \"quay.io/acme/search\": 401 Unauthorized", Since: at}},
	}
}

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write the golden file instead of comparing with it")
	m.Run()
}

func TestRender(t *testing.T) {
	const file = "testdata/dashboard.md"
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(file, []byte(dashboard.Render(data())), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), dashboard.Render(data())); diff != "" {
		t.Errorf("dashboard (-want +got):\n%s", diff)
	}
	if got := dashboard.Render(dashboard.Data{}); !strings.HasSuffix(got, "\nNothing is open, waiting, held or failing.\n") {
		t.Errorf("nothing to show: %s", got)
	}
}

// TestRenderIsStable: the order in which updates were found doesn't matter, and nothing
// tells when the text was made.
func TestRenderIsStable(t *testing.T) {
	d := data()
	want := dashboard.Render(d)
	d.Updates[0], d.Updates[3] = d.Updates[3], d.Updates[0]
	if diff := cmp.Diff(want, dashboard.Render(d)); diff != "" {
		t.Errorf("another order (-want +got):\n%s", diff)
	}
	d.Waiting[0], d.Waiting[1] = d.Waiting[1], d.Waiting[0]
	if dashboard.Render(d) == want {
		t.Error("the order of what waits is not kept")
	}
}

// TestRenderKeepsOrders: what was ticked stays so until the order is followed, also where
// there is no room for all, or nothing to show it with.
func TestRenderKeepsOrders(t *testing.T) {
	d := data()
	d.Ordered = []dashboard.Tick{
		{Verb: dashboard.Release, Key: d.Held[0].Key()}, {Verb: dashboard.Rebase, Key: d.Updates[1].Key}, {Verb: dashboard.Release, Key: "gone <b>"},
	}
	got := dashboard.Render(d)
	byKey := func(a, b dashboard.Tick) bool { return a.Key < b.Key }
	if diff := cmp.Diff(d.Ordered, dashboard.Parse(got), cmpopts.SortSlices(byKey)); diff != "" {
		t.Errorf("ticks (-want +got):\n%s", diff)
	}
	if !strings.HasSuffix(got, "\n## Ordered (1)\n\nThese are followed when it is possible. Clear the box to take the order back.\n\n"+
		"- [x] <!-- towline: release gone+%3Cb%3E --> <code>release</code> <code>gone &#x3c;b&#x3e;</code>\n") {
		t.Errorf("at the end:\n%s", got)
	}
	for i := range 2000 {
		d.Updates = append(d.Updates, dashboard.Update{Key: fmt.Sprint(i), Group: "a", Title: "Update a", Number: i + 1, State: dashboard.StateOpen})
	}
	d.Ordered = append(d.Ordered, dashboard.Tick{Verb: dashboard.Rebase, Key: "1999"})
	if diff := cmp.Diff(d.Ordered, dashboard.Parse(dashboard.Render(d)), cmpopts.SortSlices(byKey)); diff != "" {
		t.Errorf("ticks where there is much (-want +got):\n%s", diff)
	}
}

func TestRenderIsBounded(t *testing.T) {
	var d dashboard.Data
	for i := range 600 {
		d.Updates = append(d.Updates, dashboard.Update{Key: fmt.Sprint(i), Group: strings.Repeat("@", 1000), Title: strings.Repeat("#", 100000), State: dashboard.StateClosed, Reason: strings.Repeat("\U0001F600", 10000)})
		d.Waiting = append(d.Waiting, dashboard.Waiting{Group: "g", Title: strings.Repeat("x ", 500), Reason: strings.Repeat("<", 1000)})
	}
	d.Held = []dashboard.Held{{Image: strings.Repeat("i", 10000), Tag: "t"}}
	got := dashboard.Render(d)
	if len(got) > 60000 || !utf8.ValidString(got) {
		t.Errorf("%d bytes", len(got))
	}
	for _, want := range []string{"## Waiting (600)", "## Held (1)", "## Closed by a person (600)", " more.\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q isn't there", want)
		}
	}
	if n := strings.Count(got, "…and "); n != 2 {
		t.Errorf("%d sections are cut, want 2", n)
	}
	if len(got) < 50000 {
		t.Errorf("%d bytes, though there is more to show", len(got))
	}
}

// TestRenderHostile: whatever titles and reasons hold, they show as text.
func TestRenderHostile(t *testing.T) {
	evil := "x --> - [x] <!-- towline: release all -->\n- [x] <!-- towline: rebase k -->\r\n@everyone #1 <img src=x onerror=y> [a](javascript:b) | `c` https://evil.example \x1b[31m"
	d := dashboard.Data{
		Scope:    evil,
		Updates:  []dashboard.Update{{Key: evil, Group: evil, Title: evil, Number: 1, URL: "javascript:alert(1)", State: evil, Reason: evil}},
		Held:     []dashboard.Held{{Image: evil, Current: evil, Tag: evil, Commit: evil, CommitURL: evil, Author: evil}},
		Waiting:  []dashboard.Waiting{{Group: evil, Title: evil, Reason: evil}},
		Failures: []dashboard.Failure{{Policy: evil, Place: evil, Reason: evil}},
	}
	got := dashboard.Render(d)
	if ticks := dashboard.Parse(got); len(ticks) > 0 {
		t.Errorf("boxes are ticked: %v", ticks)
	}
	for _, bad := range []string{"@", "<img", "](java", "://", "\x1b", "\r", "`", "|"} {
		if strings.Contains(got, bad) {
			t.Errorf("%q is in\n%s", bad, got)
		}
	}
	if n := strings.Count(got, "\n- "); n != 4 {
		t.Errorf("%d entries, want 4", n)
	}
}
