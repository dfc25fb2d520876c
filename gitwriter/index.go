package gitwriter

import (
	"slices"
	"strings"

	"github.com/towline-dev/towline/gitwriter/forge"
)

// index finds pull requests of ours that are made for the session's base.
type index struct {
	open  []forge.PullRequest          // newest first
	ours  []forge.PullRequest          // open or not, newest first
	ended map[string]forge.PullRequest // by key: the newest that isn't open and that we didn't close
}

// known is the book as it is now.
func (s *Session) known() *index {
	if s.index != nil {
		return s.index
	}
	s.index = &index{ended: map[string]forge.PullRequest{}}
	for _, pull := range s.book.All() {
		if !s.proposes(pull) {
			continue
		}
		s.index.ours = append(s.index.ours, pull)
		key := bodyKey(pull.Body)
		switch _, told := s.index.ended[key]; {
		case pull.State == forge.StateOpen:
			s.index.open = append(s.index.open, pull)
		case !told && !closedByUs(pull):
			s.index.ended[key] = pull
		}
	}
	return s.index
}

// put follows the book, which knows a pull request anew: one that is open is no reason to
// look through all of them.
func (s *Session) put(pull forge.PullRequest) {
	s.book.Put(pull)
	if s.index == nil {
		return
	}
	if pull.State != forge.StateOpen || !s.proposes(pull) {
		s.index = nil
		return
	}
	for _, list := range []*[]forge.PullRequest{&s.index.open, &s.index.ours} {
		at := slices.IndexFunc(*list, func(known forge.PullRequest) bool { return known.Number == pull.Number })
		if at >= 0 {
			*list = slices.Concat((*list)[:at], []forge.PullRequest{pull}, (*list)[at+1:])
		} else {
			*list = slices.Concat([]forge.PullRequest{pull}, *list)
		}
	}
}

// proposes tells whether a pull request is one of ours, for this base: its branch is
// named so, and its body has a key and that branch's group, or its branch's head is a
// commit of ours. A text may be copied to a branch of somebody else's.
func (s *Session) proposes(pull forge.PullRequest) bool {
	if pull.Base != s.cfg.Base || !strings.HasPrefix(pull.Head, s.cfg.BranchPrefix) {
		return false
	}
	group, open := bodyGroup(pull.Body), pull.State == forge.StateOpen
	if bodyKey(pull.Body) != "" && (group != "" || !open) { // older versions named no group
		return group == "" || pull.Head == s.cfg.BranchPrefix+branchPart(group)
	}
	_, ours := s.trailers(pull.Head)
	return ours && open
}

// trailers reads the head of a branch as the mirror has it; false where it isn't ours.
func (s *Session) trailers(branch string) (Trailers, bool) {
	head, ok := s.w.cfg.Repo.Known(branch)
	if !ok {
		return Trailers{}, false
	}
	info, err := s.w.cfg.Repo.CommitInfo(head)
	if err != nil || !s.w.made(info) {
		return Trailers{}, false
	}
	return ParseTrailers(info.Message), true
}

// groupOf is what a pull request proposes updates of; false where only its branch's name
// tells, and that is no group's own.
func (s *Session) groupOf(pull forge.PullRequest) (string, bool) {
	if group := bodyGroup(pull.Body); group != "" {
		return group, true
	}
	if told, _ := s.trailers(pull.Head); told.Group != "" {
		return told.Group, true
	}
	if group, ok := groupOfBranch(s.cfg.BranchPrefix, pull.Head); ok {
		return group, true
	}
	return strings.TrimPrefix(pull.Head, s.cfg.BranchPrefix), false
}
