package edit

// Verify runs the verification of Rewrite on a result that a test made up.
func Verify(f *File, data []byte, changes []Change) error {
	var wants []want
	for _, c := range changes {
		w, err := f.plan(f.entries[c.Reference.Index], c)
		if err != nil {
			return err
		}
		wants = append(wants, w...)
	}
	scalars, err := f.gather(wants)
	if err != nil {
		return err
	}
	edits, err := f.edits(scalars)
	if err != nil {
		return err
	}
	return f.verify(data, edits, scalars)
}
