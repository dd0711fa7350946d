package guard

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"okey/okey"
)

const (
	maxParts     = 1_000 // files inside a workbook
	maxSheets    = 256
	maxDirectory = 1 << 20 // bytes of the list of parts
)

// Workbook is an XLSX file that has been looked at from its first byte to its last.
type Workbook struct {
	Ends    []int // the number of each sheet's last row
	archive *zip.Reader
}

// Workbook unpacks the whole file to nowhere: excelize goes by the sizes that a file claims and takes a sheet that breaks off for a
// complete one.
func (l Limits) Workbook(name string, src io.ReaderAt, size int64) (*Workbook, error) {
	list := &directory{ReaderAt: src, left: maxDirectory}
	archive, err := zip.NewReader(list, size)
	list.left = math.MaxInt64
	if err != nil {
		return nil, Damaged(name, err)
	}
	for _, part := range archive.File { // some tools write them as Windows has them
		part.Name = strings.ReplaceAll(part.Name, "\\", "/")
	}
	ends, err := l.verify(name, archive)
	if err != nil {
		return nil, err
	}
	return &Workbook{Ends: ends, archive: archive}, nil
}

// Packed is the archive without the parts that nobody needs to read its rows: styles, pictures, macros, links to other files.
func (w *Workbook) Packed() io.Reader {
	out, in := io.Pipe()
	go func() {
		packed := zip.NewWriter(in)
		for _, part := range w.archive.File {
			if roleOf(part) == asideRole {
				continue
			}
			if err := packed.Copy(part); err != nil {
				in.CloseWithError(err)
				return
			}
		}
		in.CloseWithError(packed.Close())
	}()
	return out
}

func (l Limits) verify(name string, archive *zip.Reader) (ends []int, err error) {
	if len(archive.File) > maxParts {
		return nil, Damaged(name, fmt.Errorf("%d parts", len(archive.File)))
	}
	if claimed(archive, uint64(l.Unzipped)) > uint64(l.Unzipped) { // before unpacking anything
		return nil, okey.Errorf(okey.CodeTooLarge, "%s contient plus de %d Mo une fois décompressé : découpez-le en plusieurs fichiers.",
			name, l.Unzipped>>20)
	}
	used, names := &usage{}, map[string]bool{}
	for _, part := range archive.File {
		path := strings.ToLower(part.Name)
		if names[path] {
			return nil, Damaged(name, fmt.Errorf("two parts are %s", path))
		}
		names[path] = true
		err := l.verifyPart(name, used, part)
		var refused *okey.Error
		if errors.As(err, &refused) {
			return nil, refused
		}
		if err != nil {
			return nil, Damaged(name, err)
		}
	}
	if !names["xl/workbook.xml"] {
		return nil, okey.Errorf(okey.CodeInvalid, "%s n'est pas un classeur Excel : enregistrez-le au format .xlsx ou CSV.", name)
	}
	if used.highest > 0 && used.highest >= used.strings {
		return nil, Damaged(name, fmt.Errorf("shared string %d of %d", used.highest, used.strings))
	}
	return used.ends, nil
}

// claimed is what the archive says that it unpacks to, as far as more than most; verifyPart holds each part to it.
func claimed(archive *zip.Reader, most uint64) uint64 {
	var sum uint64
	for _, part := range archive.File {
		if sum += min(part.UncompressedSize64, most+1); sum > most {
			break
		}
	}
	return sum
}

func (l Limits) verifyPart(name string, used *usage, part *zip.File) error {
	role := roleOf(part)
	size := int64(part.UncompressedSize64) // claimed bounds it
	spilled := role == stringsRole || strings.HasPrefix(strings.ToLower(part.Name), "xl/worksheets/sheet")
	if size > l.Held && role != asideRole && !spilled {
		return fmt.Errorf("%s is too large to be held", part.Name)
	}
	content, err := part.Open()
	if err != nil {
		return err
	}
	defer content.Close() // only read from
	m := &markup{name: name, limits: l, role: role, used: used}
	n, err := io.Copy(m, io.LimitReader(content, size+1))
	switch {
	case err != nil:
		return err
	case n > size:
		return errors.New("a part is larger than it claims")
	case role != asideRole && !m.whole():
		return fmt.Errorf("%s breaks off", part.Name)
	}
	if role == sheetRole {
		used.ends = append(used.ends, m.sheet.row)
	}
	return nil
}

// roleOf tells what a part is for. Rows come from sheets in the folder where every program writes them, under names that Excel gives.
func roleOf(part *zip.File) role {
	name := strings.ToLower(part.Name)
	switch {
	case name == "xl/sharedstrings.xml":
		return stringsRole
	case strings.HasPrefix(name, "xl/worksheets/") && strings.HasSuffix(name, ".xml"):
		return sheetRole
	case name == "[content_types].xml", name == "_rels/.rels", name == "xl/workbook.xml", name == "xl/_rels/workbook.xml.rels":
		return structureRole
	}
	return asideRole
}

// directory lets an archive's list of parts be read, as far as it is not without end.
type directory struct {
	io.ReaderAt
	left int64
}

// ReadAt implements io.ReaderAt.
func (d *directory) ReadAt(p []byte, at int64) (int, error) {
	if d.left -= int64(len(p)); d.left < 0 {
		return 0, ErrLeash
	}
	return d.ReaderAt.ReadAt(p, at)
}
