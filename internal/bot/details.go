package bot

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/internal/releasenotes"
	"github.com/towline-dev/towline/policy"
	"github.com/towline-dev/towline/registry"
)

const (
	// detailsFor bounds how long a pull request waits for what would be nice to know.
	detailsFor = time.Minute
	// detailWorkers is how many steps of one update are looked into side by side.
	detailWorkers = 8
	// maxDetailed is for how many steps of one update it is done at all.
	maxDetailed = 100
)

// Projects finds what the projects behind images tell about their versions;
// *releasenotes.Finder implements it.
type Projects interface {
	Find(ctx context.Context, q releasenotes.Query) releasenotes.Found
}

// details gives the function that finds what a reviewer wants to know of the steps of an
// update. What can't be found is left out, and fails nothing.
func (w *worker) details(r *round, rows []Row) func(context.Context, []gitwriter.Step) map[gitwriter.Step]gitwriter.Details {
	policies, pinned := map[string][]*policy.Policy{}, map[gitwriter.Step]string{}
	for _, row := range rows {
		image := row.Policy.Image()
		policies[image] = append(policies[image], row.Policy)
		if row.Reference.Digest != "" {
			pinned[gitwriter.Step{Image: image, From: row.from()}] = row.Reference.Digest
		}
	}
	return func(ctx context.Context, steps []gitwriter.Step) map[gitwriter.Step]gitwriter.Details {
		ctx, cancel := context.WithTimeout(ctx, detailsFor)
		defer cancel()
		var (
			mu   sync.Mutex
			all  = map[gitwriter.Step]gitwriter.Details{}
			work errgroup.Group
		)
		work.SetLimit(detailWorkers)
		for _, step := range steps[:min(len(steps), maxDetailed)] {
			work.Go(func() error {
				d := w.detailed(ctx, r, step, pinned[gitwriter.Step{Image: step.Image, From: step.From}], policies[step.Image])
				mu.Lock()
				defer mu.Unlock()
				all[step] = d
				return nil
			})
		}
		_ = work.Wait() // none of them gives an error
		return all
	}
}

// detailed finds out about one step. What stood there may have had a digest beside the
// tag; that says more than what the tag stands for today.
func (w *worker) detailed(ctx context.Context, r *round, step gitwriter.Step, pinned string, policies []*policy.Policy) gitwriter.Details {
	var d found
	image, reference := before(step)
	if pinned != "" {
		reference = pinned
	}
	from, ok := describe(ctx, r.tags, image, reference)
	if ok {
		d.From = factsOf(from)
	}
	_, reference = splitVersion(step.To)
	if step.Digest != "" {
		reference = step.Digest
	}
	to, ok := describe(ctx, r.tags, step.Image, reference)
	if !ok {
		return d.Details
	}
	d.To = factsOf(to)
	tag, _ := splitVersion(step.To)
	aged := slices.ContainsFunc(policies, func(p *policy.Policy) bool { return p.Needs().Has(policy.NeedAge) })
	d.Since = w.knowledge.since(step.Image, tag, to, aged)
	for _, p := range policies {
		if d.Signer == "" {
			d.Signer = w.knowledge.signer(ctx, r.tree, p, to.Digest)
		}
	}
	if w.projects != nil {
		fromTag, _ := splitVersion(bare(step.From))
		d.tell(w.projects.Find(ctx, releasenotes.Query{
			Image: step.Image, From: releasenotes.Image{Tag: fromTag, Labels: from.Labels}, To: releasenotes.Image{Tag: tag, Labels: to.Labels},
		}))
	}
	return d.Details
}

// found is what was found out about a step.
type found struct{ gitwriter.Details }

// tell takes up what the project tells.
func (d *found) tell(f releasenotes.Found) {
	d.Source, d.Compare, d.Claimed, d.More = f.Source, f.Compare, f.Claimed, f.More
	for _, r := range f.Releases {
		d.Releases = append(d.Releases, gitwriter.Release(r))
	}
}

// before is what stood there: the image, which may have been another one, and its digest
// or, without one, its tag.
func before(step gitwriter.Step) (image, reference string) {
	version := bare(step.From)
	_, reference = splitVersion(version)
	if image = strings.TrimSuffix(strings.TrimSuffix(step.From, version), ":"); image == "" {
		image = step.Image
	}
	return image, reference
}

// bare takes the image away that stands before a version where it was another one. A tag
// of itself has no colon.
func bare(version string) string {
	name, _, _ := strings.Cut(version, "@")
	return version[strings.LastIndexByte(name, ':')+1:]
}

// splitVersion gives the tag of "tag", "tag@digest" or a digest, and what names the image
// best: the digest or, without one, the tag.
func splitVersion(version string) (tag, reference string) {
	tag, digest, pinned := strings.Cut(version, "@")
	if pinned {
		return tag, digest
	}
	return tag, tag
}

func describe(ctx context.Context, images Tags, image, reference string) (registry.Description, bool) {
	if reference == "" || ctx.Err() != nil {
		return registry.Description{}, false
	}
	d, err := images.Describe(ctx, image, reference)
	return d, err == nil
}

// factsOf picks what reviewers are shown of an image.
func factsOf(d registry.Description) gitwriter.ImageFacts {
	return gitwriter.ImageFacts{
		Digest: d.Digest, Created: d.Created, Platforms: d.Platforms, Size: d.Size,
		Revision: d.Labels[releasenotes.LabelRevision], Version: d.Labels[releasenotes.LabelVersion],
	}
}

// since tells since when a tag has stood for an image, where that is remembered since a
// policy asks for ages; else when the image was made.
func (k *Knowledge) since(image, tag string, d registry.Description, aged bool) time.Time {
	if aged && k.config.Ledger != nil && tag != "" {
		if s, err := k.config.Ledger.Sighting(edit.CanonicalImage(image), tag, d.Digest); err == nil && !s.Bootstrapped && !s.Since.IsZero() {
			return s.Since
		}
	}
	return d.Created
}

// signer says who signed an image, if that was found out for the policy.
func (k *Knowledge) signer(ctx context.Context, t *Tree, p *policy.Policy, digest string) string {
	if p.Spec.Verify == nil {
		return ""
	}
	by, err := k.signers(ctx, t, p)
	if err != nil {
		return ""
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.trusted[[3]string{edit.CanonicalImage(p.Image()), digest, by.id}]
}
