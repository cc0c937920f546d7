"""The catalog queries behind a schema digest, one for each kind of object; they run on PostgreSQL 12 and later."""

from __future__ import annotations

# ruff: noqa: S608  (these f-strings join constants of this file)

OURS = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
"""A condition: an object's schema, `n`, is of the application."""


def not_of_an_extension(catalog: str, oid: str) -> str:
    """A condition: no extension owns the object."""
    return (
        f"NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend x WHERE x.classid = 'pg_catalog.{catalog}'::regclass"
        f" AND x.objid = {oid} AND x.deptype = 'e')"
    )


def _privileges(column: str, kind: str, owner: str) -> str:
    """Sorted; the default spelt out, because a restored dump spells out less than the original."""
    default = f"acldefault({kind}, {owner})"
    return f'ARRAY(SELECT a::text FROM unnest(coalesce({column}, {default})) a ORDER BY a::text COLLATE "C")'


def _owner(column: str) -> str:
    return f"pg_get_userbyid({column})::text"


_SCHEMAS = f"""
SELECT n.nspname::text, {_owner("n.nspowner")}, {_privileges("n.nspacl", "'n'", "n.nspowner")}
FROM pg_catalog.pg_namespace n WHERE {OURS} AND {not_of_an_extension("pg_namespace", "n.oid")}
"""

_EXTENSIONS = """
SELECT e.extname::text, e.extversion, n.nspname::text
FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
"""

_ACL_KIND = """(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END)::"char\""""

_RELATIONS = f"""
SELECT n.nspname::text, c.relname::text, c.relkind::text, c.relpersistence::text, {_owner("c.relowner")},
       c.reloptions, c.relrowsecurity, c.relforcerowsecurity, c.relreplident::text, a.amname::text, s.spcname::text,
       pg_get_partkeydef(c.oid), pg_get_expr(c.relpartbound, c.oid),
       ARRAY(SELECT i.inhparent::regclass::text FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid ORDER BY i.inhseqno),
       CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
       CASE WHEN c.relkind = 'm' THEN c.relispopulated END,
       {_privileges("c.relacl", _ACL_KIND, "c.relowner")}
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam LEFT JOIN pg_catalog.pg_tablespace s ON s.oid = c.reltablespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c') AND {OURS} AND {not_of_an_extension("pg_class", "c.oid")}
"""

_COLUMNS = f"""
SELECT c.oid::regclass::text, row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum), a.attname::text,
       format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity::text, a.attgenerated::text,
       pg_get_expr(d.adbin, d.adrelid), nullif(a.attcollation, t.typcollation)::regcollation::text,
       a.attstorage::text, coalesce(a.attstattarget, -1), a.attoptions, a.attislocal,
       ARRAY(SELECT x::text FROM unnest(a.attacl) x ORDER BY x::text COLLATE "C")
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND a.attnum > 0 AND NOT a.attisdropped AND {OURS}
  AND {not_of_an_extension("pg_class", "c.oid")}
"""

_CONSTRAINTS = f"""
SELECT n.nspname::text, nullif(k.conrelid, 0)::regclass::text, nullif(k.contypid, 0)::regtype::text, k.conname::text,
       k.convalidated, k.conislocal, pg_get_constraintdef(k.oid)
FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace
WHERE {OURS} AND {not_of_an_extension("pg_class", "k.conrelid")} AND {not_of_an_extension("pg_type", "k.contypid")}
"""

_INDEXES = f"""
SELECT pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisready, i.indisclustered, i.indisreplident,
       c.reloptions, s.spcname::text
FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_tablespace s ON s.oid = c.reltablespace
WHERE {OURS} AND {not_of_an_extension("pg_class", "i.indrelid")}
"""

_SEQUENCES = f"""
SELECT s.seqrelid::regclass::text, s.seqtypid::regtype::text, s.seqstart, s.seqincrement, s.seqmax, s.seqmin,
       s.seqcache, s.seqcycle,
       (SELECT format('%I.%I', d.refobjid::regclass, a.attname) FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = s.seqrelid AND d.deptype IN ('a', 'i')
          AND d.refobjsubid > 0 LIMIT 1)
FROM pg_catalog.pg_sequence s JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE {OURS} AND {not_of_an_extension("pg_class", "c.oid")}
"""

# Rows of tables have types too; those are told by their tables. So are arrays by their elements.
_TYPES = f"""
SELECT t.oid::regtype::text, t.typtype::text, {_owner("t.typowner")}, t.typnotnull, t.typdefault,
       CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
       CASE WHEN t.typtype = 'd' THEN t.typcollation::regcollation::text END,
       ARRAY(SELECT e.enumlabel::text FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder),
       (SELECT format('%s %s %s %s', r.rngsubtype::regtype, r.rngcollation::regcollation, r.rngcanonical, r.rngsubdiff)
        FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid),
       {_privileges("t.typacl", "'T'", "t.typowner")}
FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
WHERE {OURS} AND t.typtype IN ('b', 'd', 'e', 'r', 'c') AND (c.oid IS NULL OR c.relkind = 'c')
  AND NOT (t.typtype = 'b' AND t.typelem <> 0) AND {not_of_an_extension("pg_type", "t.oid")}
"""

_FUNCTIONS = f"""
SELECT p.oid::regprocedure::text, p.prokind::text, {_owner("p.proowner")},
       CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END,
       (SELECT format('%s %s %s %s', g.aggtransfn, g.aggfinalfn, g.aggtranstype::regtype, g.agginitval)
        FROM pg_catalog.pg_aggregate g WHERE g.aggfnoid = p.oid),
       {_privileges("p.proacl", "'f'", "p.proowner")}
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE {OURS} AND {not_of_an_extension("pg_proc", "p.oid")}
"""

_TRIGGERS = f"""
SELECT pg_get_triggerdef(t.oid), t.tgenabled::text
FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND {OURS} AND {not_of_an_extension("pg_trigger", "t.oid")}
"""

_EVENT_TRIGGERS = f"""
SELECT e.evtname::text, e.evtevent::text, e.evtfoid::regprocedure::text, e.evtenabled::text, e.evttags
FROM pg_catalog.pg_event_trigger e WHERE {not_of_an_extension("pg_event_trigger", "e.oid")}
"""

_RULES = f"""
SELECT c.oid::regclass::text, pg_get_ruledef(r.oid), r.ev_enabled::text
FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE r.rulename <> '_RETURN' AND {OURS} AND {not_of_an_extension("pg_class", "c.oid")}
"""

_POLICIES = f"""
SELECT p.polrelid::regclass::text, p.polname::text, p.polcmd::text, p.polpermissive,
       ARRAY(SELECT CASE r WHEN 0 THEN 'public' ELSE pg_get_userbyid(r)::text END FROM unnest(p.polroles) r ORDER BY 1),
       pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE {OURS}
"""

_STATISTICS = f"""
SELECT pg_get_statisticsobjdef(s.oid) FROM pg_catalog.pg_statistic_ext s
JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace WHERE {OURS}
"""

_COLLATIONS = f"""
SELECT n.nspname::text, c.collname::text, c.collprovider::text, c.collisdeterministic, c.collcollate::text, c.collctype::text
FROM pg_catalog.pg_collation c JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace
WHERE {OURS} AND {not_of_an_extension("pg_collation", "c.oid")}
"""

_OPERATORS = f"""
SELECT o.oid::regoperator::text, o.oprcode::regprocedure::text
FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
WHERE {OURS} AND {not_of_an_extension("pg_operator", "o.oid")}
"""

_CASTS = f"""
SELECT c.castsource::regtype::text, c.casttarget::regtype::text, nullif(c.castfunc, 0)::regprocedure::text,
       c.castcontext::text, c.castmethod::text
FROM pg_catalog.pg_cast c WHERE c.oid >= 16384 AND {not_of_an_extension("pg_cast", "c.oid")}
"""

_PUBLICATIONS = """
SELECT p.pubname::text, p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate,
       ARRAY(SELECT r.prrelid::regclass::text FROM pg_catalog.pg_publication_rel r WHERE r.prpubid = p.oid ORDER BY 1)
FROM pg_catalog.pg_publication p
"""

_FOREIGN_SERVERS = """
SELECT s.srvname::text, w.fdwname::text, s.srvtype, s.srvversion,
       ARRAY(SELECT format('%s', f.ftrelid::regclass) FROM pg_catalog.pg_foreign_table f WHERE f.ftserver = s.oid ORDER BY 1)
FROM pg_catalog.pg_foreign_server s JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw
"""

_DEFAULT_PRIVILEGES = f"""
SELECT {_owner("d.defaclrole")}, n.nspname::text, d.defaclobjtype::text,
       ARRAY(SELECT a::text FROM unnest(d.defaclacl) a ORDER BY a::text COLLATE "C")
FROM pg_catalog.pg_default_acl d LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
"""

QUERIES: dict[str, str] = {
    "schemas": _SCHEMAS,
    "extensions": _EXTENSIONS,
    "relations": _RELATIONS,
    "columns": _COLUMNS,
    "constraints": _CONSTRAINTS,
    "indexes": _INDEXES,
    "sequences": _SEQUENCES,
    "types": _TYPES,
    "functions": _FUNCTIONS,
    "triggers": _TRIGGERS,
    "event triggers": _EVENT_TRIGGERS,
    "rules": _RULES,
    "policies": _POLICIES,
    "statistics": _STATISTICS,
    "collations": _COLLATIONS,
    "operators": _OPERATORS,
    "casts": _CASTS,
    "publications": _PUBLICATIONS,
    "foreign servers": _FOREIGN_SERVERS,
    "default privileges": _DEFAULT_PRIVILEGES,
}
"""Kind of object -> SQL without parameters. Needs an empty search_path. Rows come in no order."""

NOT_RESTORED: dict[str, tuple[int, ...] | None] = {
    "schemas": (1, 2),
    "extensions": (1,),
    "relations": (4, 10, 16),
    "columns": (13,),
    "indexes": (6,),
    "types": (2, 9),
    "functions": (2, 5),
    "publications": None,
    "default privileges": None,
}
"""Kind of object -> places in its rows that a restored copy does not carry: owners, privileges, tablespaces, and the
versions of extensions, which are the other server's. None: the kind as a whole is left out."""
