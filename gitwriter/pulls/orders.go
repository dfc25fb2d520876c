package pulls

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/towline-dev/towline/gitwriter/command"
	"github.com/towline-dev/towline/gitwriter/forge"
)

const (
	// settle is how long after a pull request's change its comments are read for good:
	// forges date changes by the second, so one more may come with the same date.
	settle = 2 * time.Second
	// rereadEvery is how often comments with commands are read again although nothing is
	// new: not every forge dates a pull request anew when a comment is edited or deleted.
	rereadEvery = time.Hour
	// permissionFor is how long the forge's word on what a login may do is believed.
	permissionFor = 5 * time.Minute
	// maxAsked bounds the logins of one conversation whose permission is asked: anybody
	// may write comments, and each costs a request. Those who wrote last are asked first.
	maxAsked = 100
	// maxRefused is how many commands that can't be read are told of.
	maxRefused = 5
)

// Mark makes a comment known as the bot's own, whoever's token it writes with: no line of
// a comment that holds it is obeyed. All comments of the bot's bear it.
const Mark = "<!-- towline-comment -->"

// Forever is until when a hold without an end lasts.
func Forever() time.Time { return time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC) }

// Orders gives what people ask of a pull request by comments. The forge is asked when the
// pull request was updated since it was asked last (twice, if that was within 2 s of the
// change), once an hour while there are orders for an open one, and for each person who
// gave a command once in 5 minutes. A pull request that isn't in the book is
// forge.ErrNotFound.
func (b *Book) Orders(ctx context.Context, number int) (Orders, error) {
	b.mu.Lock()
	e := b.entries[number]
	if e == nil {
		b.mu.Unlock()
		return Orders{}, &forge.Error{Op: fmt.Sprintf("reading the orders of pull request #%d", number), Err: forge.ErrNotFound}
	}
	pr := e.PullRequest
	if e.current(b.cfg.Now()) {
		defer b.mu.Unlock()
		return e.Orders.at(b.cfg.Now()), nil
	}
	// A second reading of the same state is for good, whatever the clock says.
	again := e.unsure && e.ReadAt.Equal(pr.UpdatedAt)
	unsure := !again && !e.seen.IsZero() && b.cfg.Now().Sub(e.seen) < settle
	b.mu.Unlock()

	orders, err := b.read(ctx, number)
	if err != nil {
		return Orders{}, fmt.Errorf("reading the orders of pull request #%d: %w", number, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.entries[number]; e != nil && e.PullRequest.UpdatedAt.Equal(pr.UpdatedAt) {
		e.Orders, e.ReadAt, e.ReadOn, e.unsure, b.dirty = orders, pr.UpdatedAt, b.cfg.Now().UTC(), unsure, true
		e.doubt = false
	}
	return orders.at(b.cfg.Now()), nil
}

// Doubt has the comments of a pull request read again by the next Orders, and gives it:
// somebody says that one was written, edited or deleted. The list of pull requests may
// not tell, if it was in the second in which something else happened to it, or if the
// forge doesn't date it for edits. It is false for one that isn't in the book.
func (b *Book) Doubt(number int) (forge.PullRequest, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.entries[number]
	if e == nil {
		return forge.PullRequest{}, false
	}
	e.doubt = true
	return clone(e.PullRequest), true
}

// current tells whether nothing was written since the comments were read. Nobody has
// commented on what was never updated.
func (e *entry) current(now time.Time) bool {
	if e.doubt {
		return false
	}
	if e.ReadAt.IsZero() {
		return e.PullRequest.UpdatedAt.Equal(e.PullRequest.CreatedAt)
	}
	if age := now.Sub(e.ReadOn); e.PullRequest.State == forge.StateOpen && e.Orders.any() && (age < 0 || age >= rereadEvery) {
		return false
	}
	return !e.unsure && e.ReadAt.Equal(e.PullRequest.UpdatedAt)
}

// any tells whether there are commands at all.
func (o Orders) any() bool {
	return o.Ignored || len(o.Refused) > 0 || !o.HeldUntil.IsZero() || !o.ReleasedAt.IsZero() || !o.RebaseAt.IsZero()
}

// at leaves out a hold that is over.
func (o Orders) at(now time.Time) Orders {
	if !now.Before(o.HeldUntil) {
		o.HeldUntil, o.HeldBy = time.Time{}, ""
	}
	o.Refused = slices.Clone(o.Refused)
	return o
}

// order is a command with who gave it, and when.
type order struct {
	command.Command
	by string
	at time.Time
}

func (b *Book) read(ctx context.Context, number int) (Orders, error) {
	comments, err := b.cfg.Forge.Comments(ctx, number, time.Time{})
	if errors.Is(err, forge.ErrNotFound) {
		b.Forget(number)
	}
	if err != nil {
		return Orders{}, err
	}
	given := ordersIn(comments)
	may, err := b.mayOrder(ctx, given)
	if err != nil {
		return Orders{}, err
	}
	return carryOut(given, may), nil
}

// ordersIn gives the commands in the order in which the comments were made. A comment
// that was edited counts as it reads now.
func ordersIn(comments []forge.Comment) []order {
	comments = slices.Clone(comments)
	slices.SortStableFunc(comments, func(x, y forge.Comment) int {
		return cmp.Or(x.CreatedAt.Compare(y.CreatedAt), cmp.Compare(x.ID, y.ID))
	})
	var given []order
	for _, c := range comments {
		if c.Bot || c.Author == "" || strings.Contains(c.Body, Mark) {
			continue
		}
		for _, parsed := range command.Parse(c.Body) {
			given = append(given, order{parsed, c.Author, c.CreatedAt.UTC()})
		}
	}
	return given
}

// mayOrder tells which authors are to be obeyed.
func (b *Book) mayOrder(ctx context.Context, given []order) (map[string]bool, error) {
	may := map[string]bool{}
	for _, o := range slices.Backward(given) {
		if _, known := may[o.by]; known {
			continue
		}
		if len(may) >= maxAsked {
			b.cfg.Log.WarnContext(ctx, "too many people give commands; those who wrote earlier aren't obeyed", "repository", b.cfg.Repository)
			break
		}
		p, err := b.permission(ctx, o.by)
		if err != nil {
			return nil, err
		}
		may[o.by] = p >= forge.PermissionWrite
	}
	return may, nil
}

// carryOut follows the commands from first to last.
func carryOut(given []order, may map[string]bool) Orders {
	var (
		o       Orders
		refused []order
	)
	for _, c := range given {
		if !may[c.by] {
			continue
		}
		if c.Problem != "" {
			refused = append(refused, c)
			continue
		}
		refused = slices.DeleteFunc(refused, func(r order) bool { return r.by == c.by })
		switch c.Verb {
		case command.Hold:
			o.HeldUntil, o.HeldBy = Forever(), c.by
			if c.For > 0 {
				o.HeldUntil = c.at.Add(c.For)
			}
		case command.Release:
			o = Orders{ReleasedAt: c.at, RebaseAt: o.RebaseAt}
		case command.Ignore:
			o.Ignored, o.IgnoredBy = true, c.by
		case command.Rebase:
			o.RebaseAt = c.at
		}
	}
	for _, r := range refused[max(0, len(refused)-maxRefused):] {
		o.Refused = append(o.Refused, fmt.Sprintf("“%s” by %s: %s", r.Text, r.by, r.Problem))
	}
	return o
}

// permission is the forge's word, until when it is believed.
type permission struct {
	of    forge.Permission
	until time.Time
}

// maxPermissions bounds the logins that are remembered.
const maxPermissions = 1000

func (b *Book) permission(ctx context.Context, login string) (forge.Permission, error) {
	key := strings.ToLower(login)
	b.mu.Lock()
	known, ok := b.permissions[key]
	now := b.cfg.Now()
	b.mu.Unlock()
	if ok && now.Before(known.until) {
		return known.of, nil
	}
	p, err := b.cfg.Forge.Permission(ctx, login)
	if errors.Is(err, forge.ErrNotFound) {
		p, err = forge.PermissionNone, nil // the account is gone
	}
	if err != nil {
		return forge.PermissionNone, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.permissions) >= maxPermissions {
		clear(b.permissions)
	}
	b.permissions[key] = permission{p, now.Add(permissionFor)}
	return p, nil
}
