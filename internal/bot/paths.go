package bot

import "strings"

// within tells whether Read looks at a file. Without paths it looks at all.
func (r *Reader) within(name string) bool {
	for _, folder := range r.Paths {
		if strings.HasPrefix(name, folder+"/") {
			return true
		}
	}
	return len(r.Paths) == 0
}

// passes tells whether Read goes into a folder: one below its paths, or on the way there.
func (r *Reader) passes(folder string) bool {
	for _, wanted := range r.Paths {
		if folder == wanted || strings.HasPrefix(folder, wanted+"/") || strings.HasPrefix(wanted, folder+"/") {
			return true
		}
	}
	return len(r.Paths) == 0
}
