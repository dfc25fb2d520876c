package gitwriter

import (
	"strings"

	"github.com/towline-dev/towline/gitwriter/forge"
)

// index finds pull requests of ours that are made for the session's base.
type index struct {
	open  []forge.PullRequest // newest first
	ours  []forge.PullRequest // open or not, newest first
	ended map[string]int      // by key: in ours, the newest that isn't open and that we didn't close
}

// known is the book as it is now.
func (s *Session) known() *index {
	if s.index != nil {
		return s.index
	}
	s.index = &index{ended: map[string]int{}}
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
			s.index.ended[key] = len(s.index.ours) - 1
		}
	}
	return s.index
}

// proposes tells whether a pull request is one of ours, for this base: its branch is
// named so, and its body has a key. Where the key is gone it is ours by its branch's
// head, which the ones that need to know look at.
func (s *Session) proposes(pull forge.PullRequest) bool {
	return pull.Base == s.cfg.Base && strings.HasPrefix(pull.Head, s.cfg.BranchPrefix) && bodyKey(pull.Body) != ""
}

// groupOf is what a pull request proposes updates of, as far as it says so.
func (s *Session) groupOf(pull forge.PullRequest) string {
	if group := bodyGroup(pull.Body); group != "" {
		return group
	}
	return strings.TrimPrefix(pull.Head, s.cfg.BranchPrefix)
}
