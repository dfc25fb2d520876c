package revert

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/policy"
)

// step is an image's move to a tag that is undone.
type step struct{ policy, image, tag string }

// exclude has the policies of the updates that are undone pass over the tags that these
// brought. What can't be excluded is noted: the bot holds a version that was moved back in
// Git anyway, until somebody releases it.
func (r *Reverter) exclude(p *Plan, d *delta, undone []gitrepo.CommitInfo) error {
	steps := r.steps(undone)
	if len(steps) == 0 || r.cfg.Policies == nil {
		return nil
	}
	policies, err := r.cfg.Policies(d.now)
	if err != nil {
		return fmt.Errorf("reading the policies: %w", err)
	}
	known := map[string]*policy.Policy{}
	for _, each := range policies {
		known[each.Key()] = each
	}
	for _, s := range steps {
		note := func(why string) {
			p.Notes = append(p.Notes, fmt.Sprintf("%s of %s isn't excluded: %s", s.tag, s.image, why))
		}
		found := known[s.policy]
		switch {
		case found == nil:
			note(fmt.Sprintf("there is no policy %q any more", s.policy))
			continue
		case found.Image() != s.image:
			note(fmt.Sprintf("policy %q is about another image now", s.policy))
			continue
		}
		changed, err := excluded(d, found, s.tag)
		var unfit *unfitError
		switch {
		case errors.As(err, &unfit):
			note(unfit.Error())
		case err != nil:
			return err
		case changed != nil:
			d.files[found.Position.File] = changed
			p.Excluded = append(p.Excluded, Exclusion{Policy: s.policy, File: found.Position.File, Tag: s.tag})
		}
	}
	return nil
}

// unfitError says why a tag can't be excluded by a policy's file.
type unfitError struct{ why string }

func (e *unfitError) Error() string { return e.why }

// excluded gives the file of a policy with one more tag in its exclude list; nil where it
// has it already.
func excluded(d *delta, p *policy.Policy, tag string) ([]byte, error) {
	file := p.Position.File
	data, err := d.read(file)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	now := policyIn(file, data, p.Key())
	if now == nil {
		return nil, &unfitError{file + " isn't a policy of Towline's own, such as one of Flux"}
	}
	if slices.Contains(now.Spec.Exclude, tag) {
		return nil, nil
	}
	list := edit.List{Kind: "ImagePolicy", Namespace: p.Namespace, Name: p.Name, In: []string{"spec"}, Key: "exclude", After: "image"}
	changed, err := list.Append(file, data, tag)
	if err != nil {
		return nil, &unfitError{err.Error()}
	}
	if policyIn(file, changed, p.Key()) == nil {
		return nil, &unfitError{"the policy wouldn't be valid with it"}
	}
	return changed, nil
}

// policyIn gives the policy of a key, where the file is right as a whole.
func policyIn(file string, data []byte, key string) *policy.Policy {
	all, err := policy.Parse(file, data)
	if err != nil {
		return nil
	}
	for _, p := range all {
		if p.Key() == key {
			return p
		}
	}
	return nil
}

// steps gives the tags that the commits brought, each once. A digest alone has no tag.
func (r *Reverter) steps(commits []gitrepo.CommitInfo) []step {
	var all []step
	told := map[step]bool{}
	for _, commit := range commits {
		for _, message := range r.told(commit) {
			for _, update := range gitwriter.ParseTrailers(message).Updates {
				tag, _, _ := strings.Cut(update.To, "@")
				s := step{update.Policy, update.Image, tag}
				if tag == "" || strings.Contains(tag, ":") || told[s] {
					continue
				}
				told[s] = true
				all = append(all, s)
			}
		}
	}
	return all
}
