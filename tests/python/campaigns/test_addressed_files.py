"""The files that reach people: each as its tool reads it, with all who may be written to and nobody else."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.reachable_shop import Account, ReachableShop, drawn_accounts

from operations.audience_export.addressed_files import delete_addressed, delete_expired
from operations.audience_export.coupon_codes import CodesError, give_codes, given_codes, is_code
from operations.audience_export.layouts import LayoutError, read_layouts
from operations.places import PROJECT
from operations.vars import SCHEMA

ANNA = Account(
    "id-anna",
    "Anna.Smith+news@Gmail.com",
    "0171 234-5678",
    "Anna Smith-O'Neil",
    language="EN",
    street_address="1 Main St.",
    postal_code="94016-1234",
    country="US",
    push_token="token:of-anna",
    city="San José",
    region="CA",
)
LI = Account(
    "id-li",
    "li@example.cn",
    "+86 138 1234 5678",
    "李 雷",
    first_name="=HYPERLINK(1)",
    language="zh",
    street_address="-1 Road",
    postal_code="100000",
    country="CN",
    push_token="token:of-li",
    city="北京",
)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def read(file: Path) -> list[dict[str, str]]:
    """Read a file as RFC 4180 says; a mark of the encoding would stay in the first heading."""
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines, strict=True))


@pytest.fixture
def shop(tmp_path: Path) -> ReachableShop:
    shop = ReachableShop(tmp_path)
    shop.add(ANNA, LI)
    return shop


def exported(shop: ReachableShop, channel: str, layout: str, **settings: object) -> list[dict[str, str]]:
    """Launch a campaign for both customers, export it, and read its file."""
    shop.launch("k", channel, ANNA.name, LI.name)
    shop.export({channel: [layout]}, **settings)
    # one of the two comes first by the hash of the contact
    return sorted(read(shop.file(channel, "k", layout)), key=lambda row: "".join(row.values()).find("李"))


def test_every_layout_is_a_var_and_names_no_column_twice() -> None:
    layouts = read_layouts()
    known = SCHEMA["properties"]["audience_files"]["additionalProperties"]["items"]["enum"]
    assert known == list(layouts)
    assert {name for names in PROJECT["vars"]["audience_files"].values() for name in names} <= set(layouts)
    for columns in layouts.values():
        headings = [column.heading for column in columns]
        assert len(headings) == len(set(headings))


def test_an_email_service_gets_all_that_a_message_holds(shop: ReachableShop) -> None:
    rows = {row["email"]: row for row in exported(shop, "email", "email_service")}
    anna, li = rows["anna.smith+news@gmail.com"], rows["li@example.cn"]
    assert anna["first_name"] == "Anna"
    assert anna["language"] == "en"
    assert anna["offer_text"] == "10% off Tea from 20 EUR"
    assert li["offer_text"] == "Tea享9折，满20 EUR可用"
    assert anna["link"] == f"https://shop.example/?c=k&code={anna['coupon_code']}"
    # midnight after a day of CET
    assert (anna["send_from"], anna["send_until"]) == ("2026-03-02T08:00:00+01:00", "2026-03-03T00:00:00+01:00")
    assert is_code(anna["coupon_code"])
    assert is_code(li["coupon_code"])
    assert anna["coupon_code"] != li["coupon_code"]
    # of three products two share a name
    assert (anna["product_names"], anna["product_ids"]) == ("Green tea, =Black tea", "p-1,p-2,p-3")
    assert (li["product_names"], li["product_ids"]) == ("", "")
    # what a spreadsheet would run is text
    assert li["first_name"] == "'=HYPERLINK(1)"
    assert "customer_id" not in anna


def test_the_shops_own_ids_stand_where_it_wants_them(shop: ReachableShop) -> None:
    rows = exported(shop, "email", "email_service", with_own_ids=True)
    assert {row["customer_id"] for row in rows} == {"id-anna", "id-li"}


def test_klaviyo_reads_profiles(shop: ReachableShop) -> None:
    """Its first column is Email or Phone Number; its properties are called as it calls them; E.164."""
    rows = exported(shop, "email", "klaviyo")
    assert next(iter(rows[0])) == "Email"
    assert {"First Name", "Last Name"} <= rows[0].keys()
    assert all(re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", row["Email"]) for row in rows)
    shop.launch("s", "sms", ANNA.name)
    shop.export({"sms": ["klaviyo_sms"]})
    [row] = read(shop.file("sms", "s", "klaviyo_sms"))
    assert next(iter(row)) == "Phone Number"
    # an apostrophe before the plus would be read as part of the number
    assert row["Phone Number"] == "+491712345678"


def test_listmonk_reads_subscribers(shop: ReachableShop) -> None:
    """No mark of UTF-8, known headings only, no empty name, attributes a JSON object."""
    shop.add(Account("id-nameless", "nameless@example.com"))
    shop.launch("k", "email", "id-nameless", LI.name)
    shop.export({"email": ["listmonk"]})
    file = shop.file("email", "k", "listmonk")
    assert file.read_bytes().startswith(b"email,name,attributes\n")
    rows = {row["email"]: row for row in read(file)}
    assert rows["nameless@example.com"]["name"] == "nameless"
    attributes = json.loads(rows["li@example.cn"]["attributes"])
    assert attributes["campaign_id"] == "k"
    assert is_code(attributes["coupon_code"])
    assert attributes["product_names"] == []
    assert json.loads(rows["nameless@example.com"]["attributes"])["product_names"] == ["Green tea", "=Black tea"]


def test_mautic_reads_contacts_by_the_aliases_of_its_fields(shop: ReachableShop) -> None:
    rows = exported(shop, "email", "mautic")
    assert {"email", "firstname", "lastname", "preferred_locale", "tags"} <= rows[0].keys()
    assert {(row["firstname"], row["lastname"]) for row in rows} == {("Anna", "Smith-O'Neil"), ("'=HYPERLINK(1)", "雷")}


def test_an_sms_gateway_reads_numbers_and_texts(shop: ReachableShop) -> None:
    rows = {row["to"]: row for row in exported(shop, "sms", "sms_gateway")}
    assert set(rows) == {"+491712345678", "+8613812345678"}
    anna = rows["+491712345678"]
    assert anna["text"].startswith(f"10% off Tea from 20 EUR {anna['coupon_code']} https://")


def test_a_push_service_reads_tokens(shop: ReachableShop) -> None:
    rows = exported(shop, "push", "push_tokens")
    assert {row["token"] for row in rows} == {"token:of-anna", "token:of-li"}


def test_google_matches_hashes_of_normalised_values(shop: ReachableShop) -> None:
    """Headings as its template has them; hashes of lower case, E.164, Gmail without dots; country and zip are plain."""
    rows = exported(shop, "ads", "google_customer_match")
    assert list(rows[0]) == ["Email", "Phone", "First Name", "Last Name", "Country", "Zip"]
    [anna] = [row for row in rows if row["Country"] == "us"]
    assert anna["Email"] == sha256("annasmith+news@gmail.com")
    assert anna["Phone"] == sha256("+491712345678")
    assert (anna["First Name"], anna["Last Name"]) == (sha256("anna"), sha256("smith-o'neil"))
    assert anna["Zip"] == "94016-1234"


def test_meta_matches_hashes_of_normalised_values(shop: ReachableShop) -> None:
    """Headings as it names them; digits only, no punctuation, no blanks in places, five digits of a zip of the US."""
    rows = exported(shop, "ads", "meta_custom_audience")
    assert list(rows[0]) == ["email", "phone", "fn", "ln", "ct", "st", "zip", "country"]
    [anna] = [row for row in rows if row["country"] == sha256("us")]
    assert anna["email"] == sha256("anna.smith+news@gmail.com")
    assert anna["phone"] == sha256("491712345678")
    assert (anna["fn"], anna["ln"]) == (sha256("anna"), sha256("smithoneil"))
    assert (anna["ct"], anna["st"], anna["zip"]) == (sha256("sanjosé"), sha256("ca"), sha256("94016"))
    [li] = [row for row in rows if row["country"] == sha256("cn")]
    # what is not known is empty, and not the hash of nothing
    assert li["st"] == ""


def test_hashes_are_those_that_the_tools_publish(tmp_path: Path) -> None:
    shop = ReachableShop(tmp_path, country="US")
    shop.add(Account("id-john", "John_Smith@gmail.com ", "(657) 777-0000"))
    shop.launch("k", "ads", "id-john")
    shop.export({"ads": ["google_customer_match", "meta_custom_audience"]})
    [meta] = read(shop.file("ads", "k", "meta_custom_audience"))
    [google] = read(shop.file("ads", "k", "google_customer_match"))
    assert meta["email"] == "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"
    assert google["Phone"] == "a6e82c2f4091baff57a4f33d01efb65bfbeacbbfbcfaa9d0ff9f57d28d78fedb"


def test_a_letter_has_name_and_address(shop: ReachableShop) -> None:
    rows = exported(shop, "mail", "direct_mail")
    assert [tuple(row.values())[:6] for row in rows if row["country"] == "US"] == [
        ("Anna Smith-O'Neil", "1 Main St.", "94016-1234", "San José", "CA", "US")
    ]
    assert [row["street_address"] for row in rows if row["country"] == "CN"] == ["'-1 Road"]


def key_of(email: str | None) -> str | None:
    """Return what two spellings of one box share, None where nothing can be sent."""
    if not email or not re.fullmatch(r"\w[^\s@|]*@[\w-]+(\.[\w-]+)+", email):
        return None
    box, domain = email.lower().split("@")
    return (
        f"{box.split('+')[0].replace('.', '')}@gmail.com"
        if domain in ("gmail.com", "googlemail.com")
        else email.lower()
    )


def number_of(phone: str | None, country_code: str) -> str | None:
    """Return the E.164 form of the numbers that `drawn_accounts` writes."""
    digits = re.sub(r"\D", "", (phone or "").replace("(0)", ""))
    national = re.sub(rf"^(00)?{country_code}|^0", "", digits)
    return f"+{country_code}{national}" if len(national) == 10 else None


@pytest.mark.parametrize(
    ("country", "country_code", "seed"), [("DE", "49", 1), ("DE", "49", 2), ("GB", "44", 3), ("FR", "33", 4)]
)
def test_all_who_may_be_written_to_are_in_the_file_and_nobody_else(
    tmp_path: Path, country: str, country_code: str, seed: int
) -> None:
    """Over a whole shop: consent, suppression and erasure of any account of an address hold for the address."""
    shop = ReachableShop(tmp_path, country)
    accounts = drawn_accounts(seed, 400, country_code)
    shop.add(*accounts)
    suppressed = {each.name for each in accounts if int(each.name[1:]) % 17 == seed}
    erased = {each.name for each in accounts if int(each.name[1:]) % 19 == seed}
    for name in suppressed | erased:
        shop.suppress(name, "erasure" if name in erased else "opt_out")
    chosen = [each for each in accounts if int(each.name[1:]) % 2]
    for channel in ("email", "sms"):
        shop.launch(channel, channel, *(each.name for each in chosen))
    shop.export({"email": ["email_service"], "sms": ["sms_gateway"]})
    for channel, layout, heading, address in (
        ("email", "email_service", "email", lambda each: key_of(each.email)),
        ("sms", "sms_gateway", "to", lambda each: number_of(each.phone, country_code)),
    ):
        refused = {
            address(each) for each in accounts if each.consents[channel] is False or each.name in suppressed | erased
        }
        expected = {address(each) for each in chosen if each.consents[channel]} - refused - {None}
        found = [row[heading] for row in read(shop.file(channel, channel, layout))]
        keys = [key_of(each) for each in found] if channel == "email" else found
        assert len(expected) > 40
        assert sorted(keys) == sorted(expected)


def test_why_each_is_left_out_is_counted(shop: ReachableShop) -> None:
    shop.add(
        Account("id-first", "one@example.com"),
        Account("id-second", "ONE@example.com"),
        Account("id-refusing", "two@example.com", consents={"email": False, "sms": True, "push": True, "ads": True}),
        Account("id-partner", "two@example.com"),
        Account("id-gone", "gone@example.com"),
        Account("id-nobody"),
    )
    shop.suppress("id-gone", "erasure")
    names = ["id-first", "id-second", "id-refusing", "id-partner", "id-gone", "id-nobody"]
    shop.launch("k", "email", *names)
    counts = shop.export({"email": ["email_service", "listmonk"]})
    assert shop.left_out() == dict(
        zip(names, [None, "same address", "without consent", "refused at this address", "erased", None], strict=True)
    )
    assert counts == [("email", "email_service", 1, 1), ("email", "listmonk", 1, 1)]
    manifest = json.loads((shop.exports / "email" / "current.json").read_text())
    assert manifest["campaigns"][0]["left_out"] == {
        "without consent": 1,
        "suppressed": 0,
        "refused at this address": 1,
        "campaign stopped": 0,
        "same address": 1,
        "weekly cap": 0,
        "erased": 1,
    }


def test_files_are_for_their_owner_and_name_nobody(shop: ReachableShop) -> None:
    shop.launch("../spring sale", "email", ANNA.name)
    shop.launch("__/spring_sale", "email", LI.name)
    shop.export({"email": ["email_service", "listmonk"]})
    folder = shop.exports / "email" / "addressed"
    assert folder.stat().st_mode & 0o777 == 0o700
    files = list(folder.iterdir())
    assert len(files) == 5
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert all(file.resolve().parent == folder.resolve() for file in files)
    personal = [ANNA.email, LI.email, ANNA.full_name, "id-anna", "李"]
    others = [file for file in shop.folder.rglob("*") if file.is_file() and file.suffix != ".csv"]
    assert len(others) == 3
    for file in [*others, *(shop.exports / "email").glob("*/contacts.csv"), *shop.folder.rglob("*.codes/*")]:
        content = file.read_text().lower() + file.name.lower()
        assert not [text for text in personal if text.lower() in content], file


def test_files_end_with_a_refusal_an_erasure_and_their_time(shop: ReachableShop) -> None:
    wanted = {"email": ["email_service"]}
    shop.launch("k", "email", ANNA.name)
    shop.launch("l", "email", LI.name)
    shop.export(wanted)
    shop.suppress(ANNA.name)
    shop.export(wanted)
    assert not shop.file("email", "k", "email_service").exists()
    assert shop.file("email", "l", "email_service").exists()
    # so many days after the day of sending
    shop.connection.execute("update as_of_dates set as_of_date = date '2026-03-09'")
    shop.export(wanted, days=7)
    assert shop.file("email", "l", "email_service").exists()
    shop.export(wanted, days=6)
    assert not (shop.exports / "email" / "addressed").exists()
    # a file that no export looks after, and what a killed one left
    shop.export(wanted)
    file = shop.file("email", "l", "email_service")
    file.with_name(".half.csv.new").touch()
    delete_expired(shop.exports, 3)
    assert [each.name for each in file.parent.iterdir() if each.name.startswith(".")] == []
    assert file.exists()
    os.utime(file, (time.time() - 4 * 86400,) * 2)
    delete_expired(shop.exports, 3)
    assert not file.exists()
    shop.export(wanted)
    assert delete_addressed(shop.exports) == 1
    assert not file.parent.exists()


def test_a_contact_keeps_its_code_and_no_code_is_given_twice(shop: ReachableShop) -> None:
    wanted = {"email": ["email_service"], "sms": ["sms_gateway"]}
    shop.launch("k", "email", ANNA.name, LI.name)
    shop.export(wanted)
    first = {row["contact_id"]: row["coupon_code"] for row in read(shop.file("email", "k", "email_service"))}
    # killed before its files were in place: the codes are on record
    shop.file("email", "k", "email_service").unlink()
    shop.launch("l", "sms", ANNA.name, LI.name)
    shop.export(wanted)
    second = {row["contact_id"]: row["coupon_code"] for row in read(shop.file("email", "k", "email_service"))}
    third = {row["contact_id"]: row["coupon_code"] for row in read(shop.file("sms", "l", "sms_gateway"))}
    assert first == second
    assert len({*first.values(), *third.values()}) == 4
    codes = shop.warehouse.with_suffix(".codes")
    assert [file.name for file in sorted(codes.iterdir())] == ["000001.csv", "000002.csv"]
    (codes / "000001.csv").unlink()
    with pytest.raises(CodesError, match=r"file 000001.csv of the coupon codes .* is missing"):
        shop.export(wanted)


def test_two_exports_at_once_give_no_contact_two_codes(tmp_path: Path) -> None:
    contacts = [(f"d{number}", "k", "offer") for number in range(500)]
    folder = tmp_path / "codes"

    def give(_: int) -> dict[str, str] | str:
        try:
            return give_codes(folder, contacts, tmp_path / "no pool")
        except CodesError as error:
            return str(error)

    with ThreadPoolExecutor(4) as exports:
        answers = list(exports.map(give, range(8)))
    given = given_codes(folder)
    assert len(set(given.values())) == len(contacts)
    assert given in answers
    assert all(each == given or "another export" in each for each in answers)
    assert [file.name for file in folder.iterdir()] == ["000001.csv"]


def test_a_message_without_money_off_needs_no_code(shop: ReachableShop) -> None:
    shop.launch("k", "email", ANNA.name, discount=("none", 0))
    shop.export({"email": ["email_service"]})
    [row] = read(shop.file("email", "k", "email_service"))
    assert (row["coupon_code"], row["offer_text"]) == ("", "Tea from 20 EUR")
    assert not shop.warehouse.with_suffix(".codes").exists()


def test_codes_of_a_pool_go_first_and_run_out_in_a_sentence(shop: ReachableShop) -> None:
    wanted = {"email": ["email_service"]}
    shop.pool.write_text("offer_id,code\nk-offer,SPRING-1\nk-offer,SPRING-2\nother,X-1\n")
    shop.launch("k", "email", ANNA.name)
    shop.export(wanted)
    assert [row["coupon_code"] for row in read(shop.file("email", "k", "email_service"))] == ["SPRING-1"]
    shop.add(Account("id-third", "third@example.com"))
    shop.launch("k", "email", LI.name, "id-third")
    shop.connection.execute("delete from plan_offers where rowid > 0")
    with pytest.raises(CodesError, match=r"has 1 codes left for offer k-offer, and 2 contacts need one"):
        shop.export(wanted)
    # none is lost to an export that failed
    shop.pool.write_text(shop.pool.read_text() + "k-offer,SPRING-3\n")
    shop.export(wanted)
    assert {row["coupon_code"] for row in read(shop.file("email", "k", "email_service"))} == {
        "SPRING-1",
        "SPRING-2",
        "SPRING-3",
    }


@pytest.mark.parametrize(
    ("pool", "sentence"),
    [
        ("offer_id,code\nk-offer,=cmd\n", "row 2: expected an offer_id and a code"),
        ("offer_id,code\nk-offer,A-1\nk-offer,a-1\n", "row 3: its code stands in the file twice"),
        ("code\nA-1\n", "row 2: expected an offer_id and a code"),
    ],
)
def test_a_pool_at_fault_is_named_and_its_codes_are_not(shop: ReachableShop, pool: str, sentence: str) -> None:
    shop.pool.write_text(pool)
    shop.launch("k", "email", ANNA.name)
    with pytest.raises(CodesError, match=sentence) as raised:
        shop.export({"email": ["email_service"]})
    assert "A-1" not in str(raised.value)
    assert not list(shop.exports.glob("*/addressed/*"))


def test_one_wrong_or_swapped_character_is_no_code(shop: ReachableShop) -> None:
    [code] = {row["coupon_code"] for row in exported(shop, "email", "email_service")[:1]}
    for place in range(len(code)):
        wrong = code[:place] + ("2" if code[place] != "2" else "3") + code[place + 1 :]
        assert not is_code(wrong)
        swapped = code[:place] + code[place + 1 : place + 2] + code[place : place + 1] + code[place + 2 :]
        assert swapped == code or not is_code(swapped)


def test_a_channel_writes_to_one_kind_of_address(shop: ReachableShop) -> None:
    with pytest.raises(LayoutError, match="mixes email_service and sms_gateway"):
        shop.export({"email": ["email_service", "sms_gateway"]})
