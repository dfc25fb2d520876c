package bot

import (
	"context"

	"github.com/towline-dev/towline/policy"
)

// decider chooses for the references of one policy.
type decider struct {
	look    Look
	tree    *Tree
	policy  *policy.Policy
	request policy.Request
	rows    []*Row
	decided map[decision]outcome
}

// decision is what a choice depends on within a policy's round.
type decision struct {
	current, digest string
	foreign         bool // another image stands there
}

type outcome struct {
	choice policy.Choice
	err    error
}

// decide fills in the rows of the policy: its repository is listed once, and each
// distinct state of a reference is decided once.
func (d *decider) decide(ctx context.Context, rows []*Row) {
	d.rows = rows
	err := d.prepare(ctx)
	for _, r := range rows {
		if r.Err = err; err == nil {
			r.Err = d.row(ctx, r)
		}
	}
	d.tree.settleGroups(rows)
}

func (d *decider) prepare(ctx context.Context) error {
	tags, err := d.look.Tags.Tags(ctx, d.policy.Image())
	if err != nil {
		return err
	}
	if err := d.look.Knowledge.listed(d.policy, tags); err != nil {
		return err
	}
	signers, err := d.look.Knowledge.signers(ctx, d.tree, d.policy)
	if err != nil {
		return err
	}
	d.decided = map[decision]outcome{}
	d.request = policy.Request{Tags: tags, Now: d.look.Now, Facts: d.look.Knowledge.witness(ctx, d.look.Tags, d.policy, signers)}
	return nil
}

func (d *decider) row(ctx context.Context, r *Row) error {
	at := decision{current: r.Current, foreign: r.renamed()}
	if d.policy.Pin() == policy.PinDigest {
		at.digest = r.Reference.Digest
	}
	var err error
	if r.Choice, err = d.choose(at, nil); err != nil {
		return err
	}
	if r.Choice.Tag != r.Current {
		if r.Held, err = d.hold(ctx, r); err != nil {
			return err
		}
		if r.Held != nil {
			r.Held.Level = r.Choice.Level
			if r.Choice, err = d.choose(at, r.Held.hold()); err != nil {
				return err
			}
		}
	}
	return d.pin(ctx, r)
}

func (d *decider) choose(at decision, hold *policy.Hold) (policy.Choice, error) {
	if known, ok := d.decided[at]; ok && hold == nil {
		return known.choice, known.err
	}
	request := d.request
	request.Current, request.CurrentDigest, request.Hold = at.current, at.digest, hold
	request.Foreign = at.foreign
	var o outcome
	o.choice, o.err = d.policy.Choose(request)
	if hold == nil { // a hold's words name a commit of one reference
		d.decided[at] = o
	}
	return o.choice, o.err
}

// tagged gives the row whose reference holds the tag. Markers of a name or a digest
// have none of their own; they go with the one that lent them its tag.
func (d *decider) tagged(r *Row) *Row {
	if r.Reference.Tag != "" {
		return r
	}
	for _, other := range d.rows {
		if other.file == r.file && other.Reference.Tag == r.Current && r.Current != "" {
			return other
		}
	}
	return r
}

// pin finds the digest that belongs to what is written.
func (d *decider) pin(ctx context.Context, r *Row) error {
	if r.Choice.Keep || !needsDigest(r) {
		return nil
	}
	if r.Digest = r.Choice.Digest; r.Digest != "" {
		return nil // the one that the facts were told of
	}
	if d.request.Facts != nil && d.policy.Needs() != policy.NeedCreated {
		return nil // what stays in use wasn't asked about, and no other image is trusted
	}
	var err error
	r.Digest, err = d.look.Tags.Digest(ctx, d.policy.Image(), r.Choice.Tag)
	return err
}

// needsDigest tells whether a digest belongs to what is written. A reference that
// already pins the wanted tag keeps its digest, unless the policy follows it: a tag
// that was pushed again under the same name isn't an update that anybody asked for.
// Where a marker gives the tag alone, the digest has a place of its own, unless it
// stands behind the tag already.
func needsDigest(r *Row) bool {
	field := ""
	if r.Reference.Marker != nil {
		field = r.Reference.Marker.Field
	}
	pinned := r.Reference.Digest != ""
	switch {
	case field == "name" || field == "digest":
		return field == "digest"
	case pinned && r.Choice.Tag == r.Current && !r.renamed():
		return r.Policy.FollowsDigest()
	}
	return pinned || field == "" && r.Policy.Pin() == policy.PinDigest
}
