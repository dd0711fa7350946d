package demo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"okey/imports"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// school is a school of the year, or the small demonstration's.
type school struct {
	schoolRow
	okey.Establishment
	index  int       // of its row
	copied int       // 0: the first
	heads  []*person // who answer
	hosted bool      // they are another school's
	staff  []*person
	opened int // of the staff, last first: whose requests wait at last
	lent   []lent
	stock  []string // lines of the file of keys
}

// lent is a delegation.
type lent struct {
	to          *person
	from, until time.Time
}

// person is somebody of the year.
type person struct {
	okey.Person
	school *school
	key    okey.Serial // in hand
	got    time.Time   // when
	ends   time.Time   // a key from before OKEY
	open   *request    // nil: none
	left   bool
	acted  int
}

// populate plans the schools, their people and keys, and what all of them do.
func (y *year) populate() {
	for c := range max(1, y.Scale) {
		first := len(y.schools)
		for i, row := range schools {
			y.schools = append(y.schools, y.newSchool(row, c, i))
		}
		for i, row := range schools {
			if row.headOf != itsOwn {
				y.schools[first+i].heads, y.schools[first+i].hosted = y.schools[first+row.headOf].heads, i == section
			}
		}
	}
	small := y.colleagues()
	y.plan(y.start, func(ctx context.Context, at time.Time) error { return y.bring(ctx, at, small) })
	for _, s := range y.schools {
		y.staffed(s)
	}
	for c := range max(1, y.Scale) {
		y.stocked(y.schools[c*len(schools):][:len(schools)])
	}
	y.everyDay()
}

func (y *year) newSchool(row schoolRow, copied, i int) *school {
	digits := fmt.Sprintf("%s99%02d", map[string]string{"23": "006", "08": "038"}[row.academy], 11+i)
	if copied > 0 { // no real code begins with 1
		digits = fmt.Sprintf("1%s%04d", row.academy, copied*10+i)
		row.name += fmt.Sprintf(" %d", copied+1)
	}
	letter, _ := okey.CheckLetter(digits)
	s := &school{schoolRow: row, index: i, copied: copied, Establishment: okey.Establishment{
		UAI: okey.UAI(digits + string(letter)), Name: row.name, Academy: row.academy,
	}}
	if row.headOf == itsOwn {
		s.heads = []*person{y.newPerson(s), y.newPerson(s)}
	}
	for range row.staff + row.coming {
		s.staff = append(s.staff, y.newPerson(s))
	}
	for n, holder := range s.staff[:row.held] {
		y.hold(s, holder, heldUntil[(n+i)%len(heldUntil)])
	}
	for n := range row.free {
		lot := lots[n%len(lots)]
		y.lie(s, lot.name, lot.ends)
	}
	return s
}

// colleagues are those of the small demonstration's school.
func (y *year) colleagues() *school {
	academy := okey.Establishment{UAI: colleagues.school, Academy: "23"}
	s := &school{schoolRow: schoolRow{pace: 1}, Establishment: academy}
	s.heads = []*person{{Person: okey.Person{UID: colleagues.head}, school: s}}
	for n := range colleagues.staff {
		p := y.newPerson(s)
		s.staff = append(s.staff, p)
		if n < colleagues.held {
			y.hold(s, p, 30+n)
			continue
		}
		y.asks(p, y.someDay(s, 0, days-2*colleagues.done), colleagues.fates[n-colleagues.held], okey.FirstKey)
	}
	for range colleagues.free {
		y.lie(s, "DEMO-B0", passed)
	}
	return s
}

func (y *year) newPerson(s *school) *person {
	n := len(y.people)
	family := familyNames[n*37%len(familyNames)]
	given := givenNames[(n*17+n/len(familyNames))%len(givenNames)]
	again := ""
	if round := n / (len(familyNames) * len(givenNames)); round > 0 {
		again = fmt.Sprint(round + 1)
	}
	address := plain(given) + "." + plain(family) + again
	domain := map[string]string{"23": "ac-nice.fr", "08": "ac-grenoble.fr"}[s.Academy]
	p := &person{school: s, Person: okey.Person{UID: address, FamilyName: family, GivenName: given, Mail: address + "@" + domain}}
	y.people = append(y.people, p)
	return p
}

// plain is a name as mail addresses have it.
func plain(name string) string {
	bare, _, _ := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.Predicate(func(r rune) bool {
		return r >= 0x300 && r < 0x370 || r == '\'' || r == ' '
	}))), strings.ToLower(name))
	return bare
}

func (y *year) serial() okey.Serial {
	y.serials++
	return okey.Serial(fmt.Sprintf("DEMO%06d", 100000+y.serials))
}

// hold has somebody hold a key since before OKEY.
func (y *year) hold(s *school, holder *person, ends int) {
	holder.key, holder.got, holder.ends = y.serial(), y.start, y.ending(ends)
	s.stock = append(s.stock, fmt.Sprintf("%s;DEMO-A;%s;%s;%s;en_service", holder.key, date(holder.ends), s.UAI, holder.UID))
}

// lie has a key lie in a school's drawer.
func (y *year) lie(s *school, lot string, ends int) {
	s.stock = append(s.stock, fmt.Sprintf("%s;%s;%s;%s;;en_stock", y.serial(), lot, date(y.ending(ends)), s.UAI))
}

// ending is a day so many months after the year's end, not all in one.
func (y *year) ending(months int) time.Time { return y.end.AddDate(0, months, -(y.serials % 17)) }

func date(at time.Time) string { return at.Format(time.DateOnly) }

// bring takes in schools, people and keys, as the files of an academy would; the small demonstration's own with them.
func (y *year) bring(ctx context.Context, at time.Time, colleagues *school) error {
	if y.again {
		return nil
	}
	establishments, keys := small("establishments.csv", y.end), small("keys.csv", y.end)
	for n, s := range y.schools {
		street := fmt.Sprintf("%d rue des Écoles", n+1)
		establishments += fmt.Sprintf("%s;%s;%s;1;99;%s;%s;%s;%s\n", s.UAI, s.Name, s.nature, s.Academy, s.commune, s.postcode, street)
	}
	for _, s := range append(y.schools, colleagues) {
		keys += strings.Join(append(s.stock, ""), "\n")
	}
	if err := bring(ctx, y.Store, imports.Establishments, "etablissements.csv", establishments, at); err != nil {
		return err
	}
	staff := small("staff.csv", y.end) + roll(colleagues)
	for _, s := range y.schools {
		staff += roll(s)
	}
	if err := bring(ctx, y.Store, imports.Staff, "personnels.csv", staff, at); err != nil {
		return err
	}
	if err := bring(ctx, y.Store, imports.Keys, "clefs.csv", keys, at); err != nil {
		return err
	}
	if _, err := y.Store.PersonByUID(ctx, support.UID); okey.ErrorCode(err) != okey.CodeNotFound {
		return err // a role that is granted twice is in the audit twice
	}
	return y.Store.Do(ctx, func(tx *sql.Tx) error { return saveSupport(ctx, tx, at) })
}

// roll is a school's part of the file of staff: who heads it, and who works there.
func roll(s *school) string {
	var text strings.Builder
	line := func(p *person, function okey.Function) {
		fmt.Fprintf(&text, "%s;%s;%s;%s;%s;%s\n", s.UAI, p.UID, p.FamilyName, p.GivenName, p.Mail, function)
	}
	for i, head := range s.heads {
		if s.ofYear() && !s.hosted {
			line(head, []okey.Function{okey.Principal, okey.Deputy}[i])
		}
	}
	for _, p := range s.staff[:len(s.staff)-s.coming] {
		line(p, okey.Staff)
	}
	return text.String()
}

// begins is when school begins within the year, or else its middle.
func (y *year) begins(s *school) time.Time {
	middle := y.start.AddDate(0, 0, days/2)
	for day := range days - 30 {
		at := y.start.AddDate(0, 0, day)
		if at.Month() == time.September {
			middle = at
			break
		}
	}
	return y.Calendar.AddOpenDays(s.Establishment, noon(middle), 0)
}

// staffed plans what the people of a school do: who comes and leaves as school begins, and who asks.
func (y *year) staffed(s *school) {
	begins := y.begins(s)
	leaving := s.staff[s.held-min(s.leaving, s.held) : s.held] // with their keys
	stays := slices.DeleteFunc(slices.Clone(s.staff), func(p *person) bool { return slices.Contains(leaving, p) })
	if s.coming+s.leaving > 0 {
		y.plan(begins, func(ctx context.Context, at time.Time) error {
			for _, p := range leaving {
				p.left = true
				if p.open != nil {
					y.ends(p.open, at)
				}
			}
			if y.again {
				return nil
			}
			now := &school{
				Establishment: s.Establishment, schoolRow: schoolRow{nature: s.nature}, heads: s.heads, hosted: s.hosted, staff: stays,
			}
			content := "uai;uid;nom;prenom;mail;fonction\n" + roll(now)
			return bring(ctx, y.Store, imports.Staff, "personnels-rentree.csv", content, at)
		})
	}
	waits := map[*person]bool{}
	for _, row := range open {
		if row.school == s.index {
			waits[y.opens(s, row.asked, row.stage, row.bounces)] = true
		}
	}
	first := len(s.staff) - s.coming
	for i, p := range s.staff {
		switch {
		case waits[p] || slices.Contains(leaving, p):
		case p.key != "":
			y.renews(p)
		case i < first:
			y.asks(p, y.someDay(s, 0, days), y.someFate(), okey.FirstKey)
		default:
			y.asks(p, y.later(begins, y.luck.IntN(12), s), served, okey.FirstKey)
		}
	}
}

// ofYear tells it from the small demonstration's, whose own file names its heads.
func (s *school) ofYear() bool { return s.nature != "" }

// noon is the middle of a day.
func noon(at time.Time) time.Time {
	return time.Date(at.Year(), at.Month(), at.Day(), 10, 0, 0, 0, time.UTC)
}

// someDay is an hour of an open day of a span of the year, in days of its end: more often when more is asked for.
func (y *year) someDay(s *school, from, to int) time.Time {
	for {
		at := y.start.AddDate(0, 0, from+y.luck.IntN(max(1, to-from)))
		often := months[at.Month()] * 100 / slices.Max(months[:])
		if y.luck.IntN(100) < often && y.Calendar.IsOpen(s.Establishment, at) {
			return y.clock(at, s)
		}
	}
}

// clock is some hour of school on a day.
func (y *year) clock(at time.Time, s *school) time.Time {
	local := at.In(okey.ZoneOf(s.Academy))
	minute := 8*60 + y.luck.IntN(9*60+30)
	return time.Date(local.Year(), local.Month(), local.Day(), 0, minute, y.luck.IntN(60), 0, local.Location())
}

// later is so many open days after an instant: soon, where that is none and school is not over.
func (y *year) later(at time.Time, openDays int, s *school) time.Time {
	wait := time.Duration(10+y.luck.IntN(150)) * time.Minute
	soon := at.In(okey.ZoneOf(s.Academy)).Add(wait)
	if openDays == 0 && y.Calendar.IsOpen(s.Establishment, soon) && soon.Hour() >= 7 && soon.Hour() < 19 {
		return soon
	}
	return y.clock(y.Calendar.AddOpenDays(s.Establishment, at, max(1, openDays)), s)
}

// before is so many open days before the year's end, at a clock's hour: always past.
func (y *year) before(s *school, openDays, hour int) time.Time {
	at := noon(y.end)
	for openDays > 0 {
		if at = at.AddDate(0, 0, -1); y.Calendar.IsOpen(s.Establishment, at) {
			openDays--
		}
	}
	local := at.In(okey.ZoneOf(s.Academy))
	return time.Date(local.Year(), local.Month(), local.Day(), hour, y.luck.IntN(60), y.luck.IntN(60), 0, local.Location())
}

func (y *year) someFate() fate {
	at := y.luck.IntN(100)
	for _, f := range fates {
		if at -= f.share; at < 0 {
			return f
		}
	}
	return served
}

// holders are those who have a key in hand, of schools of the year, in a fixed order.
func (y *year) holders(among []*school) []*person {
	var found []*person
	for _, s := range among {
		for _, p := range s.staff {
			if p.key != "" && p.open == nil && p != y.late {
				found = append(found, p)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b *person) int { return cmp.Compare(a.UID, b.UID) })
	return found
}

// request is somebody's request under way.
type request struct {
	fate
	id     uuid.UUID
	person *person
	stage  okey.Stage
	turn   int
	since  time.Time
	quick  bool // people do at once what they do
}
