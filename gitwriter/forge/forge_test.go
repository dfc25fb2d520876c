package forge_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/forge/plain"
)

func TestErrorTellsOperationCauseAndWords(t *testing.T) {
	for _, test := range []struct {
		err  forge.Error
		want string
	}{
		{forge.Error{Op: "listing", Err: forge.ErrNotFound}, "listing: not found"},
		{forge.Error{Op: "listing", Status: 404, Err: forge.ErrNotFound}, "listing: not found (HTTP 404)"},
		{forge.Error{Op: "creating", Status: 422, Message: "Validation Failed", Err: forge.ErrInvalid}, "creating: request refused (HTTP 422: Validation Failed)"},
		{forge.Error{Op: "creating", Message: "connection refused", Err: forge.ErrUnavailable}, "creating: forge unavailable (connection refused)"},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

func TestTemporary(t *testing.T) {
	for _, test := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{errors.New("other"), false},
		{&forge.Error{Err: forge.ErrUnavailable}, true},
		{&forge.Error{Err: forge.ErrForbidden}, false},
		{&forge.Error{Err: context.Canceled}, false},
		{fmt.Errorf("wrapped: %w", &forge.RateLimitError{RetryAfter: time.Minute}), true},
		{errors.Join(&forge.Error{Err: forge.ErrUnavailable}), true},
	} {
		if got := forge.Temporary(test.err); got != test.want {
			t.Errorf("Temporary(%v) = %t, want %t", test.err, got, test.want)
		}
	}
}

func TestRateLimitErrorTellsTheWait(t *testing.T) {
	err := &forge.RateLimitError{Op: "listing", RetryAfter: 90 * time.Second, Secondary: true}
	if got, want := err.Error(), "listing: secondary rate limit reached, next try in 1m30s"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOneLine(t *testing.T) {
	if got, want := forge.OneLine("two\r\n  lines\x1b[31m\x00 "), "two lines [31m"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := forge.OneLine(strings.Repeat("x", 1000)); len(got) > 300 {
		t.Errorf("%d bytes are left", len(got))
	}
}

func TestShorten(t *testing.T) {
	for _, test := range []struct {
		text  string
		limit int
		want  string
	}{
		{"short", 5, "short"},
		{"longer", 5, "lo…"},
		{"ééé", 5, "é…"}, // cut within the second é, so before it
		{"🚢🚢", 7, "🚢…"},
		{"abc", 2, ""},
		{"", 0, ""},
	} {
		got := forge.Shorten(test.text, test.limit)
		if got != test.want || len(got) > test.limit || !utf8.ValidString(got) {
			t.Errorf("Shorten(%q, %d) = %q, want %q", test.text, test.limit, got, test.want)
		}
	}
}

func TestFilterMatches(t *testing.T) {
	pr := forge.PullRequest{Head: "towline/web", Base: "main", State: forge.StateOpen}
	for _, test := range []struct {
		filter forge.Filter
		want   bool
	}{
		{forge.Filter{}, true},
		{forge.Filter{Head: "towline/web", Base: "main", State: forge.StateOpen}, true},
		{forge.Filter{Head: "towline"}, false},
		{forge.Filter{Base: "master"}, false},
		{forge.Filter{State: forge.StateMerged}, false},
	} {
		if got := test.filter.Matches(pr); got != test.want {
			t.Errorf("%+v matches: %t, want %t", test.filter, got, test.want)
		}
	}
}

// A plain Git server refuses everything clearly, lists too: no list isn't an empty one.
func TestPlain(t *testing.T) {
	var f forge.Forge = plain.Forge{}
	_, list := f.List(t.Context(), forge.Filter{})
	_, create := f.Create(t.Context(), forge.NewPullRequest{})
	_, update := f.Update(t.Context(), 1, forge.Change{})
	for name, err := range map[string]error{
		"List": list, "Create": create, "Update": update, "Comment": f.Comment(t.Context(), 1, ""), "SetStatus": f.SetStatus(t.Context(), "", forge.Status{}),
	} {
		if !errors.Is(err, forge.ErrUnsupported) || forge.Temporary(err) {
			t.Errorf("%s: %v, want ErrUnsupported, not temporary", name, err)
		}
	}
}
