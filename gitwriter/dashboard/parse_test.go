package dashboard_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/dashboard"
)

func TestParse(t *testing.T) {
	rebase := func(keys ...string) (ticks []dashboard.Tick) {
		for _, key := range keys {
			ticks = append(ticks, dashboard.Tick{Verb: dashboard.Rebase, Key: key})
		}
		return ticks
	}
	for _, tt := range []struct {
		name, body string
		want       []dashboard.Tick
	}{
		{"nothing", "", nil},
		{"no tick", "- [ ] <!-- towline: rebase a --> x", nil},
		{"a tick", "- [x] <!-- towline: rebase a --> x", rebase("a")},
		{"a large one", "- [X] <!-- towline: rebase a -->", rebase("a")},
		{"every verb", "- [x] <!-- towline: rebase a -->\n- [x] <!-- towline: release i%40t -->\n- [x] <!-- towline: retry p -->", append(rebase("a"), dashboard.Tick{Verb: dashboard.Release, Key: "i@t"}, dashboard.Tick{Verb: dashboard.Retry, Key: "p"})},
		{"of a unknown verb", "- [x] <!-- towline: delete a -->", nil},
		{"other line ends", "- [x] <!-- towline: rebase a -->\r\n- [x] <!-- towline: rebase b -->\r- [x] <!-- towline: rebase c -->", rebase("a", "b", "c")},
		{"other bullets", "  * [x] <!-- towline: rebase a -->\n+ [x]  <!--towline:rebase b-->\n12. [x] <!-- towline:  rebase  c  -->", rebase("a", "b", "c")},
		{"twice", "- [x] <!-- towline: rebase a -->\n- [x] <!-- towline: rebase a -->", rebase("a")},
		{"a box of somebody else", "- [x] buy milk\n- [x] <!-- renovate: a -->", nil},
		{"not a list", "[x] <!-- towline: rebase a -->\nx - [x] <!-- towline: rebase b -->", nil},
		{"a bad escape", "- [x] <!-- towline: rebase %zz -->", nil},
		{"a long key", "- [x] <!-- towline: rebase " + strings.Repeat("a", 513) + " -->", nil},
		{"very much", strings.Repeat("- [x] <!-- towline: rebase a -->\n", 1<<16), rebase("a")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, dashboard.Parse(tt.body)); diff != "" {
				t.Errorf("ticks (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSameAndScope(t *testing.T) {
	text := dashboard.Render(data())
	for body, want := range map[string]bool{
		text: true, strings.ReplaceAll(text, "\n", "\r\n"): true, strings.TrimSpace(text): true,
		strings.Replace(text, "[ ]", "[x]", 1): false, text + "words": false, "": false,
	} {
		if got := dashboard.Same(body, text); got != want {
			t.Errorf("Same is %t, want %t, for\n%s", got, want, body)
		}
	}
	for body, want := range map[string]string{text: "apps/shop", "\r\n" + text: "apps/shop", dashboard.Render(dashboard.Data{}): "", dashboard.Render(dashboard.Data{Scope: "a --> b"}): "a --> b"} {
		if scope, ok := dashboard.Scope(body); !ok || scope != want {
			t.Errorf("scope %q, %t, want %q", scope, ok, want)
		}
	}
	if scope, ok := dashboard.Scope("words\n" + text); ok {
		t.Errorf("an issue that quotes a dashboard is one of %q", scope)
	}
}

// FuzzRoundTrip holds that ticks in boxes of Render are exactly those that Parse gives,
// whatever the keys and the texts around them hold.
func FuzzRoundTrip(f *testing.F) {
	f.Add("key", "group", "title", "image", "tag", uint8(3))
	f.Add("a --> b", "- [x] <!-- towline: rebase z -->", "\n- [x] <!-- towline: retry z -->", "a@b", "c@d", uint8(7))
	f.Add("\xff", "\r", "\u2028", "", "-", uint8(0))
	f.Fuzz(func(t *testing.T, key, group, title, image, tag string, which uint8) {
		d := dashboard.Data{
			Updates: []dashboard.Update{
				{Key: "1" + key, Group: group, Title: title, State: dashboard.StateOpen, Reason: key},
				{Key: "2" + key, Group: group, Title: title, State: dashboard.StateClosed, URL: title},
			},
			Held:     []dashboard.Held{{Image: image, Tag: tag, Author: title, Commit: key, CommitURL: group}},
			Failures: []dashboard.Failure{{Policy: "3" + key, Place: title, Reason: group}},
			Waiting:  []dashboard.Waiting{{Group: group, Title: title, Reason: key}},
		}
		want := map[dashboard.Tick]bool{}
		all := []dashboard.Tick{{Verb: dashboard.Rebase, Key: "1" + key}, {Verb: dashboard.Release, Key: d.Held[0].Key()}, {Verb: dashboard.Retry, Key: "3" + key}, {Verb: dashboard.Release, Key: "2" + key}}
		text := dashboard.Render(d)
		if len(dashboard.Parse(text)) > 0 {
			t.Fatalf("ticked by itself:\n%s", text)
		}
		var ticked strings.Builder
		boxes := 0
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "- [ ] <!-- towline: ") {
				if boxes++; which>>(boxes-1)&1 == 1 {
					line = "- [x]" + strings.TrimPrefix(line, "- [ ]")
				}
			}
			ticked.WriteString(line)
		}
		if boxes != len(all) {
			return // a key is too long to have a box
		}
		for i, tick := range all {
			if which>>i&1 == 1 {
				want[tick] = true
			}
		}
		got := map[dashboard.Tick]bool{}
		for _, tick := range dashboard.Parse(ticked.String()) {
			got[tick] = true
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("ticks (-want +got):\n%s\n%s", diff, ticked.String())
		}
	})
}
