package bot

import (
	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/policy"
)

// opaque gives the places of a file that name an image which can't be told.
func opaque(f *edit.File) policy.Problems {
	var places policy.Problems
	for _, e := range f.Opaque() {
		places = append(places, policy.Problem{
			Position: policy.Position{File: e.File, Line: e.Line, Column: e.Column}, Message: e.Message, Hint: e.Hint,
		})
	}
	return places
}
