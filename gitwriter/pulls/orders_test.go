package pulls_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/forge"
	"github.com/towline-dev/towline/gitwriter/pulls"
)

// staffed is a bench with one pull request of ours, an hour old: alice and bob may write,
// mallory may read.
func staffed(t *testing.T) *bench {
	t.Helper()
	b := newBench(t, "")
	b.may = map[string]forge.Permission{"alice": forge.PermissionWrite, "bob": forge.PermissionAdmin, "mallory": forge.PermissionRead}
	b.open("towline/web")
	b.pass(time.Hour)
	return b
}

func TestOrders(t *testing.T) {
	type comment struct {
		author, body string
	}
	start := newFake().now.Add(time.Hour)
	at := func(n int) time.Time { return start.Add(time.Duration(n) * time.Minute) } // the n-th comment's
	const unreadable = "it isn't known; there are hold, ignore, rebase and release"
	for _, tt := range []struct {
		name     string
		comments []comment
		want     pulls.Orders
	}{
		{"none", []comment{{"alice", "Nice."}}, pulls.Orders{}},
		{"a hold", []comment{{"alice", "/towline hold 7d"}}, pulls.Orders{HeldUntil: at(0).AddDate(0, 0, 7), HeldBy: "alice"}},
		{"a hold without end", []comment{{"alice", "/towline hold"}}, pulls.Orders{HeldUntil: pulls.Forever(), HeldBy: "alice"}},
		{"a hold that is over", []comment{{"alice", "/towline hold 1m"}}, pulls.Orders{}},
		{"the last hold counts", []comment{{"alice", "/towline hold"}, {"bob", "/towline hold 1h"}}, pulls.Orders{HeldUntil: at(1).Add(time.Hour), HeldBy: "bob"}},
		{"ignored", []comment{{"bob", "/towline ignore"}}, pulls.Orders{Ignored: true, IgnoredBy: "bob"}},
		{"released", []comment{{"alice", "/towline ignore\n/towline hold"}, {"bob", "/towline release"}}, pulls.Orders{ReleasedAt: at(1)}},
		{"held again", []comment{{"bob", "/towline release"}, {"alice", "/towline hold"}}, pulls.Orders{ReleasedAt: at(0), HeldUntil: pulls.Forever(), HeldBy: "alice"}},
		{"rebased twice", []comment{{"bob", "/towline rebase"}, {"bob", "/towline rebase"}, {"bob", "/towline release"}}, pulls.Orders{RebaseAt: at(1), ReleasedAt: at(2)}},
		{"by somebody who may not", []comment{{"mallory", "/towline ignore"}, {"stranger", "/towline hold"}}, pulls.Orders{}},
		{"by the bot itself", []comment{{"towline", "/towline ignore"}, {"alice", "Released.\n/towline ignore\n" + pulls.Mark}}, pulls.Orders{}},
		{"by nobody", []comment{{"", "/towline ignore"}}, pulls.Orders{}},
		{"of the body's examples", []comment{{"alice", "> /towline ignore\n\nreally?"}}, pulls.Orders{}},
		{"unreadable", []comment{{"alice", "/towline merge"}}, pulls.Orders{Refused: []string{"“/towline merge” by alice: " + unreadable}}},
		{"unreadable, of a stranger", []comment{{"mallory", "/towline merge"}}, pulls.Orders{}},
		{"unreadable, then mended", []comment{{"alice", "/towline stop"}, {"bob", "/towline stop"}, {"alice", "/towline hold"}}, pulls.Orders{
			HeldUntil: pulls.Forever(), HeldBy: "alice", Refused: []string{"“/towline stop” by bob: " + unreadable},
		}},
		{"unreadable, many", []comment{{"alice", "/towline 1\n/towline 2\n/towline 3\n/towline 4\n/towline 5\n/towline 6"}}, pulls.Orders{Refused: []string{
			"“/towline 2” by alice: " + unreadable, "“/towline 3” by alice: " + unreadable, "“/towline 4” by alice: " + unreadable,
			"“/towline 5” by alice: " + unreadable, "“/towline 6” by alice: " + unreadable,
		}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := staffed(t)
			for _, c := range tt.comments {
				b.comment(1, c.author, c.body)
				b.pass(time.Minute)
			}
			// The book's clock is two and a half hours behind the forge's; a hold is by
			// the forge's.
			b.clock = b.now
			b.refresh()
			if diff := cmp.Diff(tt.want, b.orders(1)); diff != "" {
				t.Errorf("orders (-want +got):\n%s", diff)
			}
		})
	}
}

// TestOrdersCostNothingWithoutNews holds how often the forge is asked.
func TestOrdersCostNothingWithoutNews(t *testing.T) {
	b := staffed(t)
	b.refresh()
	b.requests()
	b.orders(1)
	b.wants("a pull request as it was opened", b.requests(), "")
	b.comment(1, "alice", "/towline hold 2h")
	b.refresh()
	b.pass(time.Minute)
	b.orders(1)
	b.orders(1)
	b.wants("after a comment", b.requests(), "list, comments 1, permission alice")
	b.comment(1, "alice", "/towline rebase")
	b.refresh()
	b.pass(time.Minute)
	b.orders(1)
	b.wants("after another", b.requests(), "list, comments 1")
	b.pass(10 * time.Minute)
	b.comment(1, "alice", "/towline rebase")
	b.refresh()
	b.orders(1)
	b.orders(1)
	b.orders(1)
	b.wants("later, read as soon as it came", b.requests(), "list, comments 1, permission alice, comments 1")
	b.pass(59 * time.Minute)
	b.orders(1)
	b.wants("within an hour", b.requests(), "")
}

// TestDoubt holds that comments are read again when somebody says that they changed, once.
func TestDoubt(t *testing.T) {
	b := staffed(t)
	b.refresh()
	b.pass(time.Minute)
	b.requests()
	b.mu.Lock()
	b.comments[1] = []forge.Comment{{ID: 1, Author: "alice", Body: "/towline ignore", CreatedAt: b.now, UpdatedAt: b.now}}
	b.mu.Unlock()
	if b.orders(1).Ignored {
		t.Error("the order is known before anybody told of it")
	}
	if pr, ok := b.book.Doubt(1); !ok || pr.Head != "towline/web" {
		t.Errorf("doubted %+v", pr)
	}
	if _, ok := b.book.Doubt(2); ok {
		t.Error("there is a second pull request")
	}
	if !b.orders(1).Ignored {
		t.Error("the order isn't known")
	}
	b.orders(1)
	b.wants("requests", b.requests(), "comments 1, permission alice")
}

// TestEditedComments holds that a comment which somebody edits or deletes counts as it
// stands, on a forge that doesn't date the pull request anew for it: within the hour.
func TestEditedComments(t *testing.T) {
	b := staffed(t)
	b.comment(1, "alice", "/towline hold")
	b.refresh()
	b.pass(time.Minute)
	b.orders(1)
	for _, tt := range []struct {
		name, body string
		want       bool
	}{
		{"for a time that is over", "/towline hold 2m", false},
		{"again", "/towline hold", true},
		{"for good", "never mind", false},
	} {
		b.mu.Lock()
		b.comments[1][0].Body = tt.body
		b.mu.Unlock()
		b.pass(time.Hour)
		b.clock = b.now
		if got := !b.orders(1).HeldUntil.IsZero(); got != tt.want {
			t.Errorf("%s: held %t, want %t", tt.name, got, tt.want)
		}
	}
	b.requests()
	b.pass(2 * time.Hour)
	b.orders(1)
	b.wants("without orders", b.requests(), "")
}

// TestOrdersWithinASecond holds that a comment isn't lost that is made within the second
// in which the comments were read.
func TestOrdersWithinASecond(t *testing.T) {
	b := staffed(t)
	b.comment(1, "alice", "Hm.")
	b.refresh()
	b.orders(1)
	b.comment(1, "alice", "/towline ignore")
	b.wants("nothing to see in the list", b.refresh(), "")
	b.pass(time.Minute)
	if !b.orders(1).Ignored {
		t.Error("the order isn't seen")
	}
	b.requests()
	b.orders(1)
	b.wants("afterwards", b.requests(), "")
}

func TestOrdersThatCantBeRead(t *testing.T) {
	b := staffed(t)
	if _, err := b.book.Orders(t.Context(), 1); !errors.Is(err, forge.ErrNotFound) {
		t.Errorf("of an unknown one: %v", err)
	}
	b.comment(1, "alice", "/towline ignore")
	b.refresh()
	b.fails = &forge.Error{Op: "x", Err: forge.ErrUnavailable}
	if _, err := b.book.Orders(t.Context(), 1); !forge.Temporary(err) {
		t.Errorf("of an unavailable forge: %v", err)
	}
	b.fails = nil
	if !b.orders(1).Ignored {
		t.Error("the order isn't seen afterwards")
	}
	b.comment(1, "bob", "/towline release")
	b.refresh()
	b.fails = &forge.Error{Op: "x", Err: forge.ErrNotFound}
	if _, err := b.book.Orders(t.Context(), 1); !errors.Is(err, forge.ErrNotFound) {
		t.Errorf("of one that was deleted: %v", err)
	}
	b.wants("a deleted one", numbers(b.book.All()), "")
}

// TestACrowd holds that a crowd of strangers can't use up the forge's allowance, nor drown
// what is said after them.
func TestACrowd(t *testing.T) {
	b := staffed(t)
	for i := range 1000 {
		b.comment(1, fmt.Sprintf("troll-%d", i), strings.Repeat("/towline ignore\n", 50))
	}
	b.comment(1, "alice", "/towline hold")
	b.refresh()
	b.requests()
	if o := b.orders(1); o.HeldBy != "alice" || o.Ignored {
		t.Errorf("orders %+v", o)
	}
	if n := strings.Count(b.requests(), "permission"); n > 100 {
		t.Errorf("%d permissions were asked", n)
	}
}
