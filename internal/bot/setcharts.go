package bot

import (
	"context"
	"io/fs"
	"slices"

	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/internal/workdir"
)

// sourceless tells whether a reference is a chart whose repository must be looked for.
func sourceless(r edit.Reference) bool { return r.Source != nil && r.Image == "" }

// editCharts edits the files that have charts of repositories which other files define.
// The tree is gone through once more for these, where there are any such charts.
func (s *setter) editCharts(ctx context.Context) error {
	if len(s.charts) == 0 {
		return nil
	}
	sources, err := s.sources(ctx)
	if err != nil {
		return err
	}
	slices.Sort(s.charts)
	for _, name := range s.charts {
		data, err := fs.ReadFile(s.dir.FS(), name)
		if err != nil {
			s.problem(name, "reading: "+err.Error())
			continue
		}
		file, _ := s.finder.Parse(name, data) // its problems have been told
		refs := file.References()
		for i, r := range refs {
			if sourceless(r) {
				refs[i].Image = chartImage(r, sources[r.Source.Name])
			}
		}
		if err := s.edit(file, refs, func(data []byte) error { return s.batch.Replace(name, data) }); err != nil {
			return err
		}
	}
	return nil
}

// sources gives the chart repositories that the tree defines, by name.
func (s *setter) sources(ctx context.Context) (map[string][]edit.Source, error) {
	repositories := edit.NewMentions(nil, nil, "HelmRepository")
	sources := map[string][]edit.Source{}
	visitor := s.visitor()
	visitor.Read = func(f workdir.File) error {
		if !repositories.In(f.Data) {
			return nil
		}
		found := s.finder.Find(f.Name, f.Data).Sources
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, source := range found {
			sources[source.Name] = append(sources[source.Name], source)
		}
		return nil
	}
	err := s.dir.Walk(ctx, visitor)
	return sources, err
}
