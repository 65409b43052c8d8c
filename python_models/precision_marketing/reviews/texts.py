"""Texts of reviews as they are read: plain, in which language, and cut into clauses."""

import html
import re
import unicodedata
from collections import Counter

TAG = re.compile(r"<[^<>]{1,300}>")
# What intake writes in place of what names somebody, or of a whole text.
REDACTED = re.compile(r"\[(?:e-mail|phone|card|bank account|identity number|name|text)\]")
# Traditional characters that reviews use, each before the simplified one by which it is read.
_SIMPLIFIED = (
    "來来個个們们備备價价優优動动務务勝胜勞劳區区喫吃單单嗎吗嚇吓嚴严圍围園园圓圆圖图團团報报場场塊块塵尘壓压壞坏"
    "夠够奪夺婦妇媽妈學学實实審审寫写寶宝將将專专尋寻對对導导層层屬属島岛師师帶带幣币幫帮幹干庫库廠厂廢废廣广強强"
    "彈弹後后從从復复恥耻惡恶惱恼愛爱態态慘惨慣惯憂忧憤愤應应懶懒懷怀戲戏戶户拋抛掃扫掛挂採采換换揮挥損损搶抢擇择"
    "擔担據据擠挤擺摆擾扰攝摄敵敌數数斷断於于時时暫暂曬晒書书會会東东條条棄弃樂乐樓楼標标樣样橋桥機机檔档檢检櫃柜"
    "權权歐欧歡欢歲岁殘残殺杀殼壳氣气決决沒没況况洩泄淚泪淨净淺浅減减測测湊凑準准溝沟溫温滅灭滿满漲涨漸渐潔洁潤润"
    "澀涩濃浓濕湿灑洒為为烏乌無无煙烟煩烦熱热燈灯燒烧營营爛烂爾尔狀状獎奖獨独現现瑣琐環环產产畫画異异當当療疗癢痒"
    "發发皺皱盜盗盡尽監监眾众確确碼码禮礼種种稱称積积穩稳窮穷競竞筆笔節节簡简籃篮糧粮糾纠約约紅红紋纹納纳純纯紗纱"
    "紙纸級级細细終终組组結结絕绝給给絨绒統统絲丝綁绑經经綠绿維维網网綿绵緊紧線线緣缘編编緩缓練练縫缝縮缩總总織织"
    "繡绣繳缴續续罰罚罵骂習习聞闻聯联聲声職职聽听脫脱腦脑腫肿膠胶臉脸臨临興兴舉举舊旧艱艰蘋苹處处號号蟲虫術术補补"
    "裝装製制褲裤襪袜襯衬見见規规視视覺觉觀观觸触訂订計计訊讯記记訪访設设許许評评詢询試试話话詳详誇夸認认語语誠诚"
    "誤误說说課课調调談谈請请諒谅論论謝谢證证識识護护讀读變变讓让讚赞豐丰負负財财貨货貴贵買买費费貼贴賀贺資资賠赔"
    "賣卖質质賴赖贈赠贊赞趕赶跡迹踐践車车軟软較较載载輕轻輛辆輸输轉转辦办農农這这連连週周進进遊游運运過过達达違违"
    "遞递遠远適适遲迟選选遺遗還还郵邮醜丑醫医醬酱釋释針针鈕钮鉛铅銀银鋪铺鋼钢錄录錢钱錯错鍋锅鎖锁鏡镜鐵铁長长門门"
    "閃闪開开閒闲間间關关隊队階阶際际隨随險险隱隐雖虽雙双雜杂離离難难雲云電电靜静響响頁页頂顶項项順顺預预頭头題题"
    "顏颜願愿類类風风飛飞飯饭飲饮餅饼養养餘余館馆馬马駕驾騙骗騷骚驗验髒脏體体鬆松鬧闹魚鱼鮮鲜鳥鸟鹽盐麗丽麵面黃黄"
    "點点黴霉齊齐齒齿龍龙"
)
SIMPLIFIED = str.maketrans(_SIMPLIFIED[::2], _SIMPLIFIED[1::2])
# What a platform writes where a customer wrote nothing.
NOT_WRITTEN = re.compile(
    r"(?:此|该)?用户(?:没有|未)(?:及时)?(?:填写|做出|发表|给出)(?:文字)?评[价论](?:内容)?[。.!]?"
    r"|评价方未及时做出评价,?|系统默认(?:给予?)?好评[。.!]?"
)
REPEATED = re.compile(r"(.)\1{2,}", re.DOTALL)
# Words that hardly a text of a language lacks, and that are none in English. Text in Latin letters is read as English
# unless such words outnumber the English ones.
ENGLISH = frozenset(
    re.findall(r"\w+", "the and is it this was of to for in not with my very i you are but have good great no")
)
OTHER_WORDS = {
    word: code
    for code, words in {
        "de": "der das und ist nicht ich ein eine sehr mit für auf aber auch schlecht zu den gut",
        "es": "el los las muy que para una por pero está lo del producto bueno calidad y",
        "fr": "le les est et pas je très avec pour mais du des ce cette produit vraiment bien",
        "id": "yang dan tidak ini sangat bagus barang produk dengan",
        "it": "il che è non molto della prodotto ho sono bene buono di",
        "nl": "het een zeer voor maar dit ik heel goed niet",
        "pl": "nie jest bardzo i się dobry polecam produkt że",
        "pt": "o os não muito com uma mas da produto bom ótimo",
        "tr": "çok bir ve bu güzel ürün için değil ama",
        "vi": "không rất và là sản phẩm tốt hàng đẹp",
    }.items()
    for word in re.findall(r"\w+", words)
    if word not in ENGLISH
}
LATIN_WORD = re.compile(r"[a-z\u00e0-\u024f\u1e00-\u1eff]+")
CHINESE = re.compile(r"[\u3400-\u9fff]+")
# Letters of further scripts, of which a text may hold some.
FURTHER = re.compile(r"[^\W\d_a-z\u00e0-\u024f\u1e00-\u1eff\u3400-\u9fff]")
# What other scripts are written in, by the first words of a letter's Unicode name.
SCRIPTS = {
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
    "CYRILLIC": "ru",
    "ARABIC": "ar",
    "THAI": "th",
    "HEBREW": "he",
    "GREEK": "el",
    "DEVANAGARI": "hi",
}
# A Chinese character says about as much as so many Latin letters.
LETTERS_PER_CHARACTER = 3
# Above this share of kana, characters that Chinese has, too, are Japanese.
KANA_SHARE = 0.1
# Above this share of another script a text is read by its larger part, and said to be mixed.
MIXED_SHARE = 0.25
CLAUSE_END = re.compile(
    r"[。、!?;~,|\n]+|\.(?!\d)|(?=但|不过|可是|就是|只是|然而|可惜|虽然)"
    r"|\b(?:but|however|although|though|yet|except|while)\b"
)


def plain_text(text: str) -> str:
    """Return what was written: no HTML, redaction or words of the platform, small, half-width, simplified letters.

    No letter stands thrice in a row.

    Parameters
    ----------
    text : str
        As it was written.
    """
    if "<" in text or "&" in text:
        text = TAG.sub(" ", html.unescape(TAG.sub(" ", text)))
    if "[" in text:
        text = REDACTED.sub(" ", text)
    text = " ".join(unicodedata.normalize("NFKC", text).lower().replace("\u2019", "'").split())
    if not text.isascii():
        text = NOT_WRITTEN.sub("", text.translate(SIMPLIFIED))
    return REPEATED.sub(r"\1\1", text)


def language_of(text: str) -> tuple[str | None, bool]:
    """Tell which language a plain text is in.

    Parameters
    ----------
    text : str
        Output of `plain_text`.

    Returns
    -------
    language : str or None
        ISO 639-1 code; ``en`` for pictograms alone, whose names are English; None without a letter or pictogram.
    is_mixed : bool
        Whether a good part of it is in another script.
    """
    weights = {
        "latin": sum(map(len, LATIN_WORD.findall(text))),
        "zh": 0 if text.isascii() else LETTERS_PER_CHARACTER * sum(map(len, CHINESE.findall(text))),
    }
    for letter in () if text.isascii() else FURTHER.findall(text):
        code = SCRIPTS.get(unicodedata.name(letter, "OTHER").split()[0], "und")
        weights[code] = weights.get(code, 0) + (LETTERS_PER_CHARACTER if code == "ja" else 1)
    if not any(weights.values()):
        return ("en", False) if any(unicodedata.category(each) == "So" for each in text) else (None, False)
    if weights.get("ja", 0) > KANA_SHARE * (weights.get("ja", 0) + weights["zh"]):
        weights["ja"] += weights.pop("zh")
    script = max(weights, key=lambda each: (weights[each], each))
    is_mixed = weights[script] < (1 - MIXED_SHARE) * sum(weights.values())
    return (_latin_language(text) if script == "latin" else script), is_mixed


def _latin_language(text: str) -> str:
    words = LATIN_WORD.findall(text)
    counts = Counter(OTHER_WORDS[word] for word in words if word in OTHER_WORDS)
    if not counts:
        return "en"
    code, count = max(counts.items(), key=lambda each: (each[1], each[0]))
    return code if count > sum(word in ENGLISH for word in words) else "en"


def clauses(text: str) -> list[str]:
    """Cut a plain text where a thought may turn: at signs, and before words such as *but*."""
    return [part for each in CLAUSE_END.split(text) if (part := each.strip(" \"'()[]:："))]
