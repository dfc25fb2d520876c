package bot

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/internal/ledger"
	"github.com/towline-dev/towline/policy"
	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/signature"
)

// Ledger remembers when tags were first seen; *ledger.Ledger implements it.
type Ledger interface {
	Observe(repository string, tags []string) (ledger.Report, error)
	Sighting(repository, tag, digest string) (ledger.Sighting, error)
	Settle(repository, tag, digest string, since time.Time) error
}

// Verifier tells who signed an image; *signature.Verifier implements it.
type Verifier interface {
	Verify(ctx context.Context, src signature.Source, repository, digest string, req signature.Requirement) (signature.Verdict, error)
}

// KnowledgeConfig is what a Knowledge works with. All of it may be left out.
type KnowledgeConfig struct {
	// Ledger keeps first sightings. Without it ages are taken from what images say.
	Ledger Ledger
	// Verifier checks signatures. Without it policies that ask for them fail.
	Verifier Verifier
	// Secret reads a field of a Kubernetes Secret. Without it keys in Secrets are
	// told as a failure.
	Secret func(ctx context.Context, namespace, name, field string) ([]byte, error)
	// Now is the clock; the default is time.Now.
	Now func() time.Time
}

// Knowledge finds out what policies ask of images beside their tags: since when a tag
// has stood for its digest, its platforms, its signatures and its creation time. It is
// shared by all repositories, and safe for concurrent use.
type Knowledge struct {
	config KnowledgeConfig

	mu      sync.Mutex
	made    map[[2]string]made   // by repository and tag
	trusted map[[3]string]string // by repository, digest and signers: who signed
}

// made is when the image of a tag was created, and when that was asked.
type made struct{ created, asked time.Time }

const (
	// madeFor is how long a tag's creation time is believed. A policy by creation time
	// looks at all tags, which are mostly written once; the one that is chosen may be
	// some hours behind a tag that was pushed again.
	madeFor = 6 * time.Hour
	// factWorkers is how many tags of one policy are asked about side by side.
	factWorkers = 16
	// maxRemembered bounds what is remembered of each kind.
	maxRemembered = 100_000
)

// NewKnowledge makes a Knowledge that knows nothing yet.
func NewKnowledge(c KnowledgeConfig) *Knowledge {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Knowledge{config: c, made: map[[2]string]made{}, trusted: map[[3]string]string{}}
}

// listed notes what a policy's repository lists, where the policy asks for ages.
func (k *Knowledge) listed(p *policy.Policy, tags []string) error {
	if k.config.Ledger == nil || !p.Needs().Has(policy.NeedAge) {
		return nil
	}
	_, err := k.config.Ledger.Observe(edit.CanonicalImage(p.Image()), tags)
	return err
}

// witness gives what tells a policy about images, nil where it doesn't ask.
func (k *Knowledge) witness(ctx context.Context, images Tags, p *policy.Policy, by signers) policy.Witness {
	if p.Needs() == 0 {
		return nil
	}
	return func(need policy.Need, tags []string) ([]policy.Facts, error) {
		facts := make([]policy.Facts, len(tags))
		work, ctx := errgroup.WithContext(ctx)
		work.SetLimit(factWorkers)
		for i, tag := range tags {
			work.Go(func() error {
				q := question{k: k, images: images, image: p.Image(), tag: tag, need: need, signers: by}
				var err error
				facts[i], err = q.answer(ctx)
				return err
			})
		}
		return facts, work.Wait()
	}
}

// question is what a policy asks about one tag.
type question struct {
	k       *Knowledge
	images  Tags
	image   string // the repository, as the policy writes it
	tag     string
	need    policy.Need
	signers signers
}

// answer finds the facts. What the registry says of this one image for good, such as
// that the tag is gone, becomes a problem of the image; an outage is an error.
func (q question) answer(ctx context.Context) (policy.Facts, error) {
	if q.need == policy.NeedCreated {
		return q.created(ctx)
	}
	var f policy.Facts
	err := q.gather(ctx, &f)
	if problem, ok := lasting(err); ok {
		return policy.Facts{Digest: f.Digest, Problem: problem}, nil
	}
	return f, err
}

func (q question) gather(ctx context.Context, f *policy.Facts) error {
	digest, err := q.images.Digest(ctx, q.image, q.tag)
	if err != nil {
		return err
	}
	f.Digest = digest
	if q.need.Has(policy.NeedCreated) || q.need.Has(policy.NeedPlatforms) {
		d, err := q.images.Describe(ctx, q.image, digest)
		if err != nil {
			return err
		}
		f.Created, f.Platforms = d.Created, d.Platforms
	}
	if q.need.Has(policy.NeedAge) {
		if err := q.age(ctx, f); err != nil {
			return err
		}
	}
	if q.need.Has(policy.NeedSignature) {
		f.Signature, err = q.signature(ctx, digest)
	}
	return err
}

// lasting gives the words for what is wrong with one image and stays so.
func lasting(err error) (string, bool) {
	var unsigned *signature.Error
	if errors.As(err, &unsigned) && !errors.Is(err, signature.ErrRegistry) {
		return unsigned.Reason(), true
	}
	for _, kind := range []error{registry.ErrNotFound, registry.ErrBadAnswer, registry.ErrUnsupported} {
		if errors.Is(err, kind) {
			return "can't be looked at: " + err.Error(), true
		}
	}
	return "", false
}

// created asks for the creation time alone, which is remembered for a while.
func (q question) created(ctx context.Context) (policy.Facts, error) {
	key, now := [2]string{edit.CanonicalImage(q.image), q.tag}, q.k.config.Now()
	q.k.mu.Lock()
	known, ok := q.k.made[key]
	q.k.mu.Unlock()
	if ok && now.Sub(known.asked) < madeFor {
		return policy.Facts{Created: known.created}, nil
	}
	d, err := q.images.Describe(ctx, q.image, q.tag)
	if _, ok := lasting(err); ok {
		return policy.Facts{}, nil // no image, no time
	}
	if err != nil {
		return policy.Facts{}, err
	}
	q.k.mu.Lock()
	defer q.k.mu.Unlock()
	if len(q.k.made) >= maxRemembered {
		clear(q.k.made)
	}
	q.k.made[key] = made{d.Created, now}
	return policy.Facts{Created: d.Created}, nil
}

// age finds since when the tag has stood for the digest. What the first scan found is
// as old as the image says, since nobody watched it come.
func (q question) age(ctx context.Context, f *policy.Facts) error {
	name := edit.CanonicalImage(q.image)
	guess := q.k.config.Ledger == nil
	if !guess {
		s, err := q.k.config.Ledger.Sighting(name, q.tag, f.Digest)
		if err != nil {
			return fmt.Errorf("looking up the first sighting of %q: %w", q.tag, err)
		}
		f.Since, f.Guessed, guess = s.Since, s.Settled, s.Bootstrapped
	}
	if !guess {
		return nil
	}
	d, err := q.images.Describe(ctx, q.image, f.Digest)
	if err != nil {
		return err
	}
	latest := f.Since
	if latest.IsZero() {
		latest = q.k.config.Now()
	}
	if d.Created.IsZero() || d.Created.After(latest) {
		return nil // as young as its first sighting, or of unknown age
	}
	f.Since, f.Guessed = d.Created, true
	if q.k.config.Ledger == nil {
		return nil
	}
	return q.k.config.Ledger.Settle(name, q.tag, f.Digest, d.Created)
}
