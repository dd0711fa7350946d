-- A whole nation, made by the server itself. Everything is reckoned from numbers: a row that names another knows its id without looking.
-- Triggers and foreign keys rest meanwhile, but those that fill a column; nation_test.go holds that they would have agreed. The audit is not
-- chained: no key is here.
-- The two names that begin with a colon are filled in by nation.go.
SET TimeZone = 'UTC';
SET session_replication_role = replica;
SET synchronous_commit = off;
SET maintenance_work_mem = '512MB';
SET work_mem = '256MB';
SET enable_memoize = off; -- it remembers what each request's lines are made of, and empties all of that memory for the next request
ALTER TABLE person ENABLE ALWAYS TRIGGER person_is_sought;
ALTER TABLE establishment ENABLE ALWAYS TRIGGER establishment_is_sought;

-- Indexes are built when the rows are there.
CREATE TEMPORARY TABLE built AS SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid);
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT b.name FROM built b LOOP EXECUTE 'DROP INDEX ' || name; END LOOP;
END $$;

CREATE FUNCTION pg_temp.many(whole bigint) RETURNS bigint IMMUTABLE LANGUAGE sql AS $$ SELECT round(whole * :scale)::bigint $$;
-- The same number always draws the same.
CREATE FUNCTION pg_temp.draw(of bigint, salt int, sides bigint) RETURNS bigint IMMUTABLE LANGUAGE sql AS $$ SELECT abs(hashint8extended(of, salt) % sides) $$;
CREATE FUNCTION pg_temp.one(of bigint, salt int, list text[]) RETURNS text IMMUTABLE LANGUAGE sql
    AS $$ SELECT list[1 + abs(hashint8extended(of, salt) % cardinality(list))] $$;
CREATE FUNCTION pg_temp.id(kind text, n bigint) RETURNS uuid IMMUTABLE LANGUAGE sql AS $$ SELECT md5(kind || n::text)::uuid $$;
CREATE FUNCTION pg_temp.ago(days numeric) RETURNS timestamptz STABLE LANGUAGE sql
    AS $$ SELECT :now - days::float8 * interval '1 day' $$;

-- Schools: number s stands in the academy s % 30, in a department of its own.
CREATE TEMPORARY TABLE academy AS SELECT n - 1 AS n, code, domain, department, town FROM unnest(
    '{01,02,03,04,06,07,08,09,10,11,12,13,14,15,16,17,18,19,20,22,23,24,25,27,28,31,32,33,43,70}'::text[],
    '{paris,aix-marseille,besancon,bordeaux,clermont,dijon,grenoble,lille,lyon,montpellier,nancy-metz,poitiers,rennes,strasbourg,toulouse,nantes,orleans-tours,reims,amiens,limoges,nice,creteil,versailles,corse,reunion,martinique,guadeloupe,guyane,mayotte,normandie}'::text[],
    '{075,013,025,033,063,021,038,059,069,034,054,086,035,067,031,044,045,051,080,087,006,094,078,720,974,972,971,973,976,014}'::text[],
    '{Paris,Marseille,Besançon,Bordeaux,Clermont-Ferrand,Dijon,Grenoble,Lille,Lyon,Montpellier,Nancy,Poitiers,Rennes,Strasbourg,Toulouse,Nantes,Orléans,Reims,Amiens,Limoges,Nice,Créteil,Versailles,Ajaccio,Saint-Denis,Fort-de-France,Les Abymes,Cayenne,Mamoudzou,Caen}'::text[]
) WITH ORDINALITY AS t (code, domain, department, town, n);
CREATE TEMPORARY TABLE school AS SELECT s, a.code, 'ac-' || a.domain || '.fr' AS domain, a.department, a.town,
        d.digits || substr('ABCDEFGHJKLMNPRSTUVWXYZ', (d.digits::int % 23) + 1, 1) AS uai
    FROM generate_series(0, pg_temp.many(60000) - 1) s JOIN academy a ON a.n = s % 30
    CROSS JOIN LATERAL (SELECT a.department || lpad((s / 30)::text, 4, '0') AS digits) d;
CREATE UNIQUE INDEX ON school (s);
ANALYZE school;
INSERT INTO establishment (uai, name, nature, contract, state, academy, commune, postcode, minimum_stock, imported_at, shortage_since, shortage_told)
SELECT uai, pg_temp.one(s, 1, '{Collège,Collège,Lycée,Lycée polyvalent,Lycée professionnel}') || ' ' ||
    CASE WHEN pg_temp.draw(s, 6, 10) < 2 THEN pg_temp.one(s, 2,
            '{Les Mimosas,L''Archet,Jean-Moulin,Victor-Hugo,Jules-Ferry,Louis-Pasteur,Marie-Curie,Molière,Émile-Zola,Saint-Exupéry,Jacques-Prévert,Albert-Camus,George-Sand,Simone-Veil,Les Tilleuls,La Fontaine,Honoré-de-Balzac,Jean-Jaurès,Gérard-Philipe,Lucie-Aubrac}')
        ELSE pg_temp.one(s, 7, '{Pierre,Jean,Marcel,Louise,Henri,Émile,Rosa,Anatole,René,Germaine,Olympe,Paul,Édouard,Suzanne,Les,Le,La,Château,Val,Pré}') || ' '
            || pg_temp.one(s, 8, '{Bar,Bel,Bou,Cha,Cor,Dau,Fau,Gar,Ger,Gou,Hau,Lan,Mal,Mar,Mon,Per,Pré,Ro,Ser,Val}')
            || pg_temp.one(s, 9, '{be,bri,cha,da,don,fer,gny,le,lli,mi,na,no,pi,ra,ri,so,ta,ti,vi,za}')
            || pg_temp.one(s, 10, '{ac,al,ard,at,elle,eau,er,et,eux,ière,in,ois,on,ot,oux}') END,
    CASE WHEN s % 5 < 2 THEN 340 ELSE 302 END, '99', '1', code,
    CASE WHEN s % 3 = 0 THEN town ELSE pg_temp.one(s, 3, '{Saint-,Villeneuve-,Mont,Beau,Châtillon-,L''Isle-,Bourg-,Neuilly-}')
        || pg_temp.one(s, 4, '{Étienne,Germain,Laurent,Loubet,Lieu,Vallon,Fort,Rocher,Adam,Martin,sur-Seine,sur-Mer,les-Bains}') END,
    right(department, 2) || lpad(pg_temp.draw(s, 5, 1000)::text, 3, '0'), CASE WHEN s % 100 = 1 THEN 2 ELSE 0 END, pg_temp.ago(20),
    CASE WHEN s % 6 = 0 THEN pg_temp.ago(40) END, s % 6 = 0
FROM school;

-- People: number p is known at school p % schools. The first of a school is its head, the second the deputy; the last 220,000 have left.
CREATE TEMPORARY TABLE human AS SELECT p, s.s, s.uai, s.domain, p < 13 * pg_temp.many(60000) AS here,
        pg_temp.one(p, 11, '{Léa,Chloé,Zoé,Camille,Jean,Jean-Pierre,Pierre,Marie,Marie-Claire,Anne,Sophie,Nathalie,Isabelle,Françoise,François,Éric,Élodie,Stéphane,Céline,Hélène,Nicolas,Thomas,Julien,Aurélie,Émilie,Benoît,Jérôme,Loïc,Noémie,Mathilde,Lucas,Hugo,Inès,Jade,Paul,Louis,Marc,Philippe,Michel,Alain,Bernard,Catherine,Christine,Monique,Sylvie,Valérie,Véronique,Karim,Fatima,Mehdi,Nadia,Amélie,Gaël,Maëlle,Yann,Rémi,Agnès,Cécile,Bérénice,Théo}') AS given,
        CASE WHEN pg_temp.draw(p, 12, 10) = 0 THEN pg_temp.one(p, 13, '{Martin,Martin,Martin,Bernard,Thomas,Petit,Robert,Richard,Durand,Dubois,Moreau,Laurent,Simon,Michel,Lefèvre,Leroy,Roux,David,Bertrand,Morel,Fournier,Girard,Bonnet,Dupont,Lambert,Fontaine,Rousseau,Vincent,Müller,Lefèbvre,Faure,André,Mercier,Blanc,Guérin,Boyer,Garnier,Chevalier,François,Legrand,Gauthier,García,Perrin,Robin,Clément,Morin,Nicolas,Henry,Roussel,Mathieu,Gautier,Masson,Marchand,Duval,Denis,Dumont,Marie,Lemaire,Noël,Meyer}')
            ELSE pg_temp.one(p, 14, '{Bar,Bel,Bou,Bri,Cha,Che,Cor,Cou,Da,Del,Des,Du,Fau,Fer,Fou,Gau,Ger,Gou,Gra,Gué,Hé,Jac,Jou,La,Le,Lé,Lou,Mal,Mar,Mé,Mon,Mou,Pa,Per,Pé,Poi,Pré,Re,Ro,Sa,Ser,Tau,Tes,Thi,Va,Ver,Vi,Cail,Bois,Hau}')
                || pg_temp.one(p, 15, '{ba,bar,ber,bou,cha,chi,co,cou,da,de,dou,du,fe,fi,ga,gi,gne,gue,la,le,li,lle,lou,ma,mi,mo,na,ne,ni,no,pe,pi,quo,ra,ri,ro,rou,sa,se,si,ssi,ta,te,ti,to,tra,ve,vi,vo,za}')
                || pg_temp.one(p, 16, '{rd,rt,ux,et,ot,eau,on,in,er,ier,ault,ac,ec,ic,oux,el,al,and,ent,an,ez,is,os,ul,ond,our,and,ain,ois,ille}')
                || CASE WHEN pg_temp.draw(p, 17, 100) = 0 THEN '-' || pg_temp.one(p, 18, '{Martin,Durand,Petit,Roux,Leroy,Moreau}') ELSE '' END END AS family
    FROM generate_series(0, pg_temp.many(1000000) - 1) p JOIN school s ON s.s = p % pg_temp.many(60000);
CREATE UNIQUE INDEX ON human (p);
ANALYZE human;
INSERT INTO person (id, uid, family_name, given_name, mail, created_at, idle_since)
SELECT pg_temp.id('person', p), fold(left(given, 1) || regexp_replace(family, '[^[:alpha:]]', '', 'g')) || p, family, given,
    fold(given || '.' || family) || CASE WHEN pg_temp.draw(p, 19, 3) = 0 THEN '' ELSE p::text END || '@' || domain,
    pg_temp.ago(1200), CASE WHEN p >= 13 * pg_temp.many(60000) + pg_temp.many(1000) THEN pg_temp.ago(100) END
FROM human ORDER BY md5(p::text);
INSERT INTO assignment (person, uai, function, source, since)
SELECT pg_temp.id('person', p), uai, CASE p / pg_temp.many(60000) WHEN 0 THEN 'chef' WHEN 1 THEN 'adjoint' ELSE 'personnel' END, 'import', pg_temp.ago(1100)
FROM human WHERE here;
INSERT INTO charter (version, body, sha256, published_at)
SELECT 1, 'Je garde ma clef et mon code pour moi.', encode(sha256('Je garde ma clef et mon code pour moi.'), 'hex'), pg_temp.ago(1300)
WHERE NOT EXISTS (SELECT FROM charter);

-- Requests. Whoever holds key k asked for it with request k; 20,000 wait for stock, two of each sixth school; 5,000 for an answer, 4,000 for a
-- signature, 4,000 for the handover; the others came to nothing. at: the instants of the story.
CREATE TEMPORARY TABLE wish AS SELECT w.*, h.uai, pg_temp.id('request', r) AS id, pg_temp.id('person', p) AS person, pg_temp.ago(asked) AS asked_at,
        pg_temp.ago(asked - 2) AS decided_at, pg_temp.ago(asked - 5) AS signed_at, pg_temp.ago(asked - 8) AS closed_at
    FROM (SELECT r, 'handed_over' AS stage, r AS p, r AS k, (10 + pg_temp.draw(r, 21, 1070))::numeric + r % 1000 / 1000.0 AS asked
            FROM generate_series(0, pg_temp.many(600000) - 1) r
        UNION ALL SELECT pg_temp.many(600000) + b, 'awaiting_stock', pg_temp.many(60000) * (10 + b % 2) + 6 * (b / 2), NULL,
            (5 + pg_temp.draw(b, 22, 60))::numeric + b % 1000 / 1000.0 FROM generate_series(0, pg_temp.many(20000) - 1) b
        UNION ALL SELECT pg_temp.many(620000) + c, CASE WHEN c < pg_temp.many(5000) THEN 'awaiting_decision' WHEN c < pg_temp.many(9000) THEN 'awaiting_charter'
                ELSE 'awaiting_handover' END, pg_temp.many(60000) * 12 + c, CASE WHEN c >= pg_temp.many(5000) THEN pg_temp.many(601000) + c - pg_temp.many(5000) END,
            CASE WHEN c < pg_temp.many(5000) THEN 1 + pg_temp.draw(c, 23, 10) ELSE 9 + pg_temp.draw(c, 23, 10) END + c % 1000 / 1000.0
            FROM generate_series(0, pg_temp.many(13000) - 1) c
        UNION ALL SELECT pg_temp.many(633000) + d, pg_temp.one(d, 24, '{refused,withdrawn,expired}'), (7 * d) % (13 * pg_temp.many(60000)), NULL,
            (10 + pg_temp.draw(d, 25, 1000))::numeric + d % 1000 / 1000.0 FROM generate_series(0, pg_temp.many(187000) - 1) d) w
    JOIN human h USING (p);
CREATE INDEX ON wish (k) WHERE k IS NOT NULL;
ANALYZE wish;
INSERT INTO request (id, person, uai, need, reason, stage, since, asked_at, approved_at, charter, charter_sha256, signed_at, signer_name, signer_uid,
    signed_uai, signed_school, signer_noted_at, closed_at, handed_over_key, kept_until)
SELECT w.id, w.person, w.uai, CASE WHEN w.asked < 300 THEN 'saisie des absences' ELSE '' END, 'first', w.stage,
    CASE w.stage WHEN 'awaiting_decision' THEN w.asked_at WHEN 'awaiting_handover' THEN w.signed_at WHEN 'awaiting_stock' THEN w.decided_at
        WHEN 'awaiting_charter' THEN w.decided_at ELSE w.closed_at END, w.asked_at,
    CASE WHEN w.stage IN ('awaiting_stock', 'awaiting_charter', 'awaiting_handover', 'handed_over') THEN w.decided_at END,
    c.version, c.sha256, CASE WHEN signed THEN w.signed_at END, CASE WHEN signed THEN h.given || ' ' || h.family END, CASE WHEN signed THEN 'u' || h.p END,
    CASE WHEN signed THEN w.uai END, CASE WHEN signed THEN e.name END, CASE WHEN signed THEN w.signed_at END,
    CASE WHEN w.stage NOT LIKE 'awaiting%' THEN w.closed_at END, CASE WHEN w.stage = 'handed_over' THEN '00' || (10000000 + w.k) END,
    CASE WHEN w.stage LIKE 'awaiting%' AND w.stage <> 'awaiting_stock' THEN pg_temp.ago(-40) END
FROM wish w JOIN human h USING (p) JOIN establishment e ON e.uai = w.uai CROSS JOIN LATERAL (SELECT w.stage IN ('awaiting_handover', 'handed_over') AS signed) g
LEFT JOIN charter c ON c.version = 1 AND signed ORDER BY w.asked_at;

-- Keys. The first 600,000 are in the hands of people who are there, the next 1,000 of people who left; 8,000 are kept for requests.
CREATE TEMPORARY TABLE token AS SELECT k, '00' || (10000000 + k) AS serial, s.s, s.uai,
        CASE WHEN k < pg_temp.many(601000) THEN 'in_service' WHEN k < pg_temp.many(605000) THEN 'reserved' WHEN k < pg_temp.many(609000) THEN 'attributed'
            WHEN k < pg_temp.many(760000) THEN 'retired' WHEN k < pg_temp.many(790000) THEN 'lost' WHEN k < pg_temp.many(800000) THEN 'defective'
            WHEN k < pg_temp.many(820000) THEN 'in_transit' WHEN s.s % 6 = 0 THEN 'retired' ELSE 'in_stock' END AS state,
        CASE WHEN k < pg_temp.many(600000) THEN k WHEN k < pg_temp.many(601000) THEN 13 * pg_temp.many(60000) + k - pg_temp.many(600000) END AS holder,
        CASE WHEN k >= pg_temp.many(601000) AND k < pg_temp.many(609000) THEN pg_temp.many(625000) + k - pg_temp.many(601000) END AS request
    FROM generate_series(0, pg_temp.many(1000000) - 1) k
    JOIN school s ON s.s = CASE WHEN k >= pg_temp.many(601000) AND k < pg_temp.many(609000) THEN pg_temp.many(5000) + k - pg_temp.many(601000) ELSE k % pg_temp.many(60000) END;
ANALYZE token;
INSERT INTO key (serial, uai, state, batch, expires_on, holder, request, last_login_at, changed_at)
SELECT serial, uai, state, 'LOT-' || (2023 + k % 4) || '-' || lpad((s % 150)::text, 3, '0'),
    pg_temp.ago(10)::date + pg_temp.draw(k, 31, 1470)::int + CASE WHEN state = 'in_service' THEN 0 ELSE 250 END,
    pg_temp.id('person', holder), pg_temp.id('request', request), CASE WHEN state = 'in_service' AND k % 3 > 0 THEN pg_temp.ago(pg_temp.draw(k, 32, 60) + k % 1000 / 1000.0) END,
    pg_temp.ago(pg_temp.draw(k, 33, 1000) + k % 1000 / 1000.0)
FROM token ORDER BY md5(serial);

-- What happened, as requests leave it.
INSERT INTO timeline (request, seq, at, kind, by_person, via, key, ended, ended_since)
SELECT w.id, l.seq, l.at, l.kind, CASE WHEN l.own THEN w.person WHEN l.kind <> 'expired' THEN pg_temp.id('person', w.p % pg_temp.many(60000)) END,
    CASE WHEN l.kind IN ('key_reserved', 'waits_for_stock', 'expired') THEN 'engine' ELSE 'web' END, l.key, l.ended, l.since
FROM wish w CROSS JOIN LATERAL (SELECT stage IN ('refused', 'withdrawn', 'expired') AS vain, stage IN ('awaiting_handover', 'handed_over') AS signed,
    CASE WHEN k IS NULL THEN '' ELSE '00' || (10000000 + k) END AS serial) g CROSS JOIN LATERAL (
    SELECT 1 AS seq, w.asked_at AS at, 'asked' AS kind, true AS own, '' AS key, NULL AS ended, NULL::timestamptz AS since
    UNION ALL SELECT 2, w.decided_at, 'approved', false, '', 'awaiting_decision', w.asked_at WHERE NOT vain AND w.stage <> 'awaiting_decision'
    UNION ALL SELECT 3, w.decided_at, CASE WHEN w.stage = 'awaiting_stock' THEN 'waits_for_stock' ELSE 'key_reserved' END, false, serial, NULL, NULL
        WHERE NOT vain AND w.stage <> 'awaiting_decision'
    UNION ALL SELECT 4, w.signed_at, 'charter_signed', true, serial, 'awaiting_charter', w.decided_at WHERE signed
    UNION ALL SELECT 5, w.closed_at, 'handed_over', false, serial, 'awaiting_handover', w.signed_at WHERE w.stage = 'handed_over'
    UNION ALL SELECT 2, w.closed_at, w.stage, w.stage = 'withdrawn', '', 'awaiting_decision', w.asked_at WHERE vain) l;
INSERT INTO action (id, request, name, by_person, via, content, digest, created_at, outcome, verdict, judged_at, delivered_at)
SELECT pg_temp.id(l.name, w.r), w.id, l.name, CASE WHEN l.own THEN w.person ELSE pg_temp.id('person', w.p % pg_temp.many(60000)) END, 'web', l.content, '\x01', l.at,
    'accepted', '{"accepted": true, "standing": {}}', l.at, l.at
FROM wish w CROSS JOIN LATERAL (
    SELECT 'ask' AS name, w.asked_at AS at, true AS own, jsonb_build_object('establishment', w.uai, 'reason', 'first')
        || CASE WHEN w.asked < 300 THEN '{"need": "saisie des absences"}' ELSE '{}'::jsonb END AS content
    UNION ALL SELECT 'principal-decision', w.decided_at, false, '{"decision": "approve"}' WHERE w.stage NOT IN ('awaiting_decision', 'refused', 'withdrawn', 'expired')
    UNION ALL SELECT 'principal-decision', w.closed_at, false, '{"decision": "refuse"}' WHERE w.stage = 'refused'
    UNION ALL SELECT 'withdrawal', w.closed_at, true, '{}' WHERE w.stage = 'withdrawn'
    UNION ALL SELECT 'charter-and-pin', w.signed_at, true, '{"charter": 1}' WHERE w.stage IN ('awaiting_handover', 'handed_over')
    UNION ALL SELECT 'handover', w.closed_at, false, jsonb_build_object('serial', '00' || (10000000 + w.k)) WHERE w.stage = 'handed_over') l;
INSERT INTO key_event (serial, seq, at, reason, state, by_person, holder)
SELECT t.serial, l.seq, l.at, l.reason, l.state, NULL, l.holder FROM token t LEFT JOIN wish w ON w.k = t.k CROSS JOIN LATERAL (
    SELECT 1 AS seq, pg_temp.ago(1120) AS at, CASE t.state WHEN 'in_transit' THEN 'announced' ELSE 'arrived' END AS reason,
        CASE t.state WHEN 'in_transit' THEN t.state ELSE 'in_stock' END AS state, NULL::uuid AS holder
    UNION ALL SELECT 2, w.decided_at, 'reserved', 'reserved', NULL WHERE w.k IS NOT NULL
    UNION ALL SELECT 3, w.signed_at, 'signed', 'attributed', NULL WHERE w.stage IN ('awaiting_handover', 'handed_over')
    UNION ALL SELECT 4, w.closed_at, 'handed_over', 'in_service', pg_temp.id('person', t.holder) WHERE w.stage = 'handed_over'
    UNION ALL SELECT 2, pg_temp.ago(200), 'handed_over', 'in_service', pg_temp.id('person', t.holder) WHERE w.k IS NULL AND t.holder IS NOT NULL
    UNION ALL SELECT 2, pg_temp.ago(100), t.state, t.state, pg_temp.id('person', t.s) WHERE t.state IN ('lost', 'defective', 'retired')) l;
INSERT INTO mail (id, request, kind, ref, person, address, message_id, subject, state, attempts, created_at, sent_at, mail_order)
SELECT m.id, w.id, l.kind, 1, m.person, p.mail, '<' || m.id || '@okey>', 'Une clef', 'sent', 1, l.at, l.at,
    jsonb_build_object('request', w.id, 'uai', w.uai, 'step', jsonb_build_object('kind', l.kind, 'ref', 1))
FROM wish w CROSS JOIN LATERAL (
    SELECT 'asked' AS kind, w.asked_at AS at, false AS own UNION ALL SELECT 'approved', w.decided_at, true WHERE w.stage IN ('awaiting_charter', 'awaiting_handover', 'handed_over')
    UNION ALL SELECT 'keeps_place', w.decided_at, true WHERE w.stage = 'awaiting_stock'
    UNION ALL SELECT 'signed', w.signed_at, true WHERE w.stage IN ('awaiting_handover', 'handed_over')
    UNION ALL SELECT w.stage, w.closed_at, true WHERE w.stage NOT LIKE 'awaiting%') l
CROSS JOIN LATERAL (SELECT pg_temp.id('mail/' || l.kind, w.r) AS id, CASE WHEN l.own THEN w.person ELSE pg_temp.id('person', w.p % pg_temp.many(60000)) END AS person) m
JOIN person p ON p.id = m.person WHERE l.at > pg_temp.ago(330);
INSERT INTO link (hash, request, person, purpose, issue, expires_at, created_at, since)
SELECT sha256(w.id::text::bytea), w.id, pg_temp.id('person', w.p % pg_temp.many(60000)), 'decision', 1, pg_temp.ago(-30), w.asked_at, pg_temp.ago(1100)
FROM wish w WHERE w.stage = 'awaiting_decision';

-- Deliveries of 2,000 keys, orders, and sessions.
INSERT INTO delivery (id, file_name, sum, announced, state, created_at, taken_at)
SELECT pg_temp.id('delivery', d), 'livraison-' || d || '.xlsx', md5(d::text), t.way, CASE WHEN t.way THEN 'in_transit' ELSE 'arrived' END, pg_temp.ago(1121 - d), pg_temp.ago(1120 - d)
FROM generate_series(0, greatest(pg_temp.many(500), 1) - 1) d CROSS JOIN LATERAL (SELECT d >= pg_temp.many(400) AND d < pg_temp.many(410) AS way) t;
INSERT INTO delivery_row (delivery, line, serial, uai, batch, expires_on)
SELECT pg_temp.id('delivery', t.k * greatest(pg_temp.many(500), 1) / pg_temp.many(1000000)), t.k, t.serial, t.uai, k.batch, k.expires_on FROM token t JOIN key k USING (serial);
INSERT INTO order_export (id, at, orders, keys, file_name, workbook, sha256)
SELECT pg_temp.id('export', x), pg_temp.ago(7 * x + 3), 1, 1, 'commandes-' || x || '.xlsx', '\x00', '' FROM generate_series(0, 99) x;
INSERT INTO key_order (id, uai, quantity, received, comment, state, by_person, placed_at, export, exported_at, closed_at)
SELECT pg_temp.id('order', o), s.uai, 10, CASE WHEN t.state = 'received' THEN 10 ELSE 0 END, '', t.state, pg_temp.id('person', s.s), pg_temp.ago(t.age + 7),
    CASE WHEN t.state <> 'placed' THEN pg_temp.id('export', t.age / 7) END, CASE WHEN t.state <> 'placed' THEN pg_temp.ago(t.age) END,
    CASE WHEN t.state = 'received' THEN pg_temp.ago(t.age - 2) END
FROM generate_series(0, pg_temp.many(33000) - 1) o JOIN school s ON s.s = (o * 7) % pg_temp.many(60000)
CROSS JOIN LATERAL (SELECT CASE WHEN o < pg_temp.many(500) THEN 'placed' WHEN o < pg_temp.many(2000) THEN 'exported' WHEN o < pg_temp.many(3000) THEN 'shipped'
    ELSE 'received' END AS state, CASE WHEN o < pg_temp.many(3000) THEN 3 ELSE 10 + o % 600 END AS age) t;
INSERT INTO order_event (key_order, seq, at, state, keys) SELECT id, 1, placed_at, 'placed', quantity FROM key_order
    UNION ALL SELECT id, 2, exported_at, 'exported', quantity FROM key_order WHERE exported_at IS NOT NULL
    UNION ALL SELECT id, 3, closed_at, 'received', quantity FROM key_order WHERE closed_at IS NOT NULL
    UNION ALL SELECT id, 3, exported_at, 'shipped', quantity FROM key_order WHERE state = 'shipped';
INSERT INTO session (token, data, expiry) SELECT md5('session' || n), decode(repeat('00', 200), 'hex'), pg_temp.ago(-0.2) FROM generate_series(1, pg_temp.many(20000)) n;

-- What the morning watch has told already, as of yesterday.
INSERT INTO watch_notice (id, kind, subject, step, uai, run, at, taken_at, told_at, letter)
SELECT gen_random_uuid(), told.kind, k.serial, k.holder || '/' || k.expires_on || step.step, k.uai, 'yesterday', d.at, d.at, d.at, pg_temp.id(told.kind || k.uai, 0)
FROM key k CROSS JOIN LATERAL (SELECT (:now)::date AS today, pg_temp.ago(1) AS at) d
CROSS JOIN (VALUES ('key_expires'), ('keys_expire')) told (kind)
CROSS JOIN LATERAL (SELECT '/3' AS step WHERE k.expires_on <= (d.today + interval '3 months' - interval '1 day')::date
    UNION ALL SELECT '/1' WHERE k.expires_on <= (d.today + interval '1 month' - interval '1 day')::date
    UNION ALL SELECT '/ended' WHERE k.expires_on < d.today - 1) step
WHERE k.state = 'in_service' AND k.holder IN (SELECT person FROM assignment);
INSERT INTO watch_notice (id, kind, subject, step, uai, run, at, taken_at, told_at, letter)
SELECT gen_random_uuid(), told.kind, t.serial, pg_temp.id('person', t.holder)::text, t.uai, 'yesterday', pg_temp.ago(20), pg_temp.ago(20), pg_temp.ago(20), pg_temp.id(told.kind || t.uai, 1)
FROM token t CROSS JOIN (VALUES ('holder_left'), ('holders_left')) told (kind) WHERE t.holder >= 13 * pg_temp.many(60000) AND t.k % 2 = 0;

INSERT INTO audit (seq, at, event, actor, via, subject, detail, key_version, mac)
SELECT n, pg_temp.ago(1120 - 1119.0 * n / pg_temp.many(5000000)), pg_temp.one(n, 41, '{ask,principal-decision,key_reserved,charter-and-pin,handover,key_handed_over}'),
    pg_temp.id('person', n % pg_temp.many(1000000)), 'web', CASE WHEN n % 3 = 0 THEN 'key:00' || (10000000 + n % pg_temp.many(1000000))
        ELSE 'request:' || pg_temp.id('request', n % pg_temp.many(820000)) END, 'accepted', 1, '\x00'
FROM generate_series(1, pg_temp.many(5000000)) n;
UPDATE audit_head SET seq = pg_temp.many(5000000), key_version = 1, mac = '\x00', seal = '\x00';
-- Whose holder may have left, as triggers would have noted; there is nobody whom the next night has to look at.
SELECT note_away(array_agg(serial)) FROM key WHERE state = 'in_service';
DO $$ DECLARE definition text; BEGIN
    FOR definition IN SELECT b.definition FROM built b LOOP EXECUTE definition; END LOOP;
END $$;
ALTER TABLE person ENABLE TRIGGER person_is_sought;
ALTER TABLE establishment ENABLE TRIGGER establishment_is_sought;
