package releasenotes

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

const (
	maxReleases = 10       // given for one step
	maxNotes    = 16 << 10 // bytes of one release's
	maxTitle    = 500      // bytes
)

// search is the looking for one step.
type search struct {
	*Finder
	project                  project
	names                    []string // that may stand before a version in a tag
	from, to                 []string // spellings of the versions, the likeliest first
	fromRevision, toRevision string
	moved                    bool // the old image's source is another project
	left                     int  // requests
}

func (s *search) key() string {
	return strings.Join([]string{
		s.project.key(), strings.Join(s.names, " "), strings.Join(s.from, " "), strings.Join(s.to, " "), s.fromRevision, s.toRevision,
	}, "\n")
}

// run looks for releases, and for what compares both versions: by the commits that the
// images name, by the tags of releases, or by the tags that there are.
func (s *search) run(ctx context.Context) (Found, error) {
	found := Found{Source: s.project.page()}
	if !s.moved && s.fromRevision != "" && s.toRevision != "" && s.fromRevision != s.toRevision {
		found.Compare = s.project.compare(s.fromRevision, s.toRevision)
	}
	pages := maxRequests
	if found.Compare == "" && !s.moved {
		pages-- // one is kept for the tags
	}
	all, complete, err := s.releases(ctx, pages)
	between, more := s.between(all, complete)
	found.More = more || len(between) > maxReleases
	for _, r := range between[:min(len(between), maxReleases)] {
		found.Releases = append(found.Releases, s.release(r))
	}
	if err != nil || found.Compare != "" || s.moved {
		return found, err
	}
	from, to := s.tagOf(s.from, tagsOf(all)), s.tagOf(s.to, tagsOf(all))
	if from == "" || to == "" {
		var tags []tagged
		err = s.get(ctx, s.project.listing("tags", 1), &tags)
		var names []string
		for _, t := range tags {
			if sound(t.Name) {
				names = append(names, t.Name)
			}
		}
		from, to = cmp.Or(from, s.tagOf(s.from, names)), cmp.Or(to, s.tagOf(s.to, names))
	}
	if from != "" && to != "" && from != to {
		found.Compare = s.project.compare(from, to)
	}
	return found, err
}

// releases reads pages until both versions are seen. complete says that no older release
// is of interest.
func (s *search) releases(ctx context.Context, pages int) (all []answered, complete bool, err error) {
	for page := 1; page <= pages; page++ {
		var next []answered
		if err := s.get(ctx, s.project.listing("releases", page), &next); err != nil {
			return all, false, err
		}
		last := len(next) < perPage
		for _, r := range next {
			if !r.Draft && !r.Upcoming && sound(r.Tag) {
				all = append(all, r)
			}
		}
		if last || s.tagOf(s.to, tagsOf(all)) != "" && s.passed(all) {
			return all, true, nil
		}
	}
	return all, false, nil
}

func tagsOf(all []answered) []string {
	var tags []string
	for _, r := range all {
		tags = append(tags, r.Tag)
	}
	return tags
}

func (s *search) release(r answered) Release {
	notes := cmp.Or(r.Body, r.Description)
	at := r.PublishedAt
	if at.IsZero() {
		at = r.ReleasedAt
	}
	return Release{
		Tag: r.Tag, Title: cutText(r.Name, maxTitle), URL: s.project.releasePage(r.Tag),
		Notes: cutText(notes, maxNotes), At: at,
	}
}

// cutText keeps whole characters.
func cutText(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "")
}

// between gives the releases after the old version up to the new one, newest first.
// Where the versions can't be ordered, the host's order is taken: newest first.
func (s *search) between(all []answered, complete bool) (some []answered, more bool) {
	to := s.tagOf(s.to, tagsOf(all))
	if to == "" {
		return nil, false
	}
	prefix, _ := s.split(to)
	var own []answered // of the same series
	for _, r := range all {
		if p, _ := s.split(r.Tag); p == prefix {
			own = append(own, r)
		}
	}
	newest, oldest := ordered(s.versionOf(to)), s.oldVersion()
	if newest == nil || oldest == nil {
		return s.betweenPlaces(own, to, complete)
	}
	for _, r := range own {
		v := ordered(s.versionOf(r.Tag))
		early := r.Tag != to && (r.Prerelease || v != nil && v.Prerelease() != "") && newest.Prerelease() == ""
		if r.Tag == to || v != nil && !early && v.GreaterThan(oldest) && v.LessThan(newest) {
			some = append(some, r)
		}
	}
	slices.SortStableFunc(some, func(a, b answered) int {
		return ordered(s.versionOf(b.Tag)).Compare(ordered(s.versionOf(a.Tag)))
	})
	return some, !complete && newest.GreaterThan(oldest)
}

func (s *search) betweenPlaces(own []answered, to string, complete bool) (some []answered, more bool) {
	from := s.tagOf(s.from, tagsOf(own))
	begun := false
	for _, r := range own {
		if r.Tag == from {
			return some, false
		}
		begun = begun || r.Tag == to
		if begun && (r.Tag == to || from != "" && !r.Prerelease) {
			some = append(some, r)
		}
	}
	return some[:min(len(some), 1)], !complete // the old version wasn't met: it may be newer
}
